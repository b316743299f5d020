"""What a tenant may use at once, to the last request, message and connection."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

import pytest
from websockets.exceptions import InvalidStatus

from parlance.identity.model import Limits
from tests.system.client import House, Line, error_of, line

pytestmark = [pytest.mark.system, pytest.mark.anyio]

SLOTS, CALLERS = 50, 60


async def test_the_request_after_the_last_is_refused_and_says_when_to_come_again(
    build_house: Callable[..., House],
) -> None:
    limited, unlimited = build_house(limits=Limits()), build_house()
    async with limited.rest() as rest, unlimited.rest() as other:
        for number in range(1, 101):
            answer = await rest.http.get("/api/v1/chats/chat_1")
            assert answer.status_code == 404, number
            assert answer.headers["x-ratelimit-remaining"] == str(100 - number)
        refused = await rest.http.get("/api/v1/chats/chat_1")
        assert (await other.http.get("/api/v1/chats/chat_1")).status_code == 404

    headers = refused.headers
    wait = int(headers["retry-after"])
    assert refused.status_code == 429
    assert error_of(refused)["code"] == "RATE_LIMITED"
    assert 0 < wait <= 60
    assert headers["ratelimit-policy"] == '"rest";q=100;w=60'
    assert headers["ratelimit"] == f'"rest";r=0;t={wait}'
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("100", "0")
    assert headers["x-ratelimit-reset"] == str(wait)


async def test_messages_faster_than_the_limit_are_refused_and_the_connection_stays(
    build_house: Callable[..., House],
) -> None:
    """One message a second, since a busy machine cannot be counted on to handle more than ten."""
    house = build_house(limits=Limits(messages_per_second=1))
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            for _ in range(12):
                await opened.send(action="ping")
            await opened.until(lambda: len(opened.all("pong")) + len(opened.all("error")) == 12, "12 answers")
            refusals = opened.all("error")
            assert {error["code"] for error in refusals} == {"RATE_LIMITED"}
            assert len(opened.all("pong")) >= 1
            await answered_in_the_end(opened)


async def answered_in_the_end(opened: Line) -> None:
    """Once a second has gone by without a message, the next is taken."""
    for _ in range(10):
        before = len(opened.all("error"))
        await opened.send(content="Now?", client_message_id="now")

        def answered(before: int = before) -> bool:
            return bool(opened.all("message_received")) or len(opened.all("error")) > before

        await opened.until(answered, "a receipt or a refusal")
        if opened.all("message_received"):
            return
        await asyncio.sleep(1.1)
    raise AssertionError("never taken")


async def test_ten_messages_a_second_is_the_limit_of_one_connection_by_default(
    build_house: Callable[..., House],
) -> None:
    house = build_house(limits=Limits(rest_per_minute=1_000))
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            for _ in range(100):
                await opened.send(action="ping")
            await opened.until(lambda: len(opened.all("pong")) + len(opened.all("error")) == 100, "100 answers")

    refusals = opened.all("error")
    assert {(error["code"], error["message"]) for error in refusals} == {
        ("RATE_LIMITED", "At most 10 messages a second are allowed.")
    }
    pongs = opened.all("pong")
    first, last = (datetime.fromisoformat(pong["timestamp"]) for pong in (pongs[0], pongs[-1]))
    windows = int((last - first).total_seconds()) + 2
    assert 10 <= len(pongs) <= 10 * windows


async def test_of_60_connections_at_once_exactly_50_are_let_in(build_house: Callable[..., House]) -> None:
    house = build_house(limits=Limits(rest_per_minute=1_000))
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
    shown = {"api_key": house.api_key, "user_id": "ada", "chat_id": chat_id}

    async def knock(open_lines: AsyncExitStack) -> int:
        try:
            opened = await open_lines.enter_async_context(line(house.websocket_url, query=shown))
        except InvalidStatus as error:
            return error.response.status_code
        await opened.event("connection_established")
        return 101

    async with AsyncExitStack() as open_lines:
        answers = Counter(await asyncio.gather(*(knock(open_lines) for _ in range(CALLERS))))
        assert answers == {101: SLOTS, 429: CALLERS - SLOTS}
        assert await knock(open_lines) == 429
    # All slots are free again as soon as their ends have been reported.
    async with AsyncExitStack() as open_lines, asyncio.timeout(30):
        let_in = 0
        while let_in < SLOTS:
            let_in += await knock(open_lines) == 101
        assert await knock(open_lines) == 429
