"""Messages over HTTP: replies as they are made, whole ones, and clients that do not wait for theirs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.system.client import PATIENCE, Event, House, Rest, error_of
from tests.system.conftest import QUESTION

pytestmark = [pytest.mark.system, pytest.mark.anyio]

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def slow(build_house: Callable[..., House]) -> House:
    """A tenant whose agent says three words a second, for half a minute and more."""
    return build_house(settings={"pace": 0.3}, dataset=True)


@pytest.fixture(scope="module")
def brisk(build_house: Callable[..., House]) -> House:
    """A tenant whose agent says twenty words a second, for some seconds."""
    return build_house(settings={"pace": 0.05}, dataset=True)


@asynccontextmanager
async def streamed(rest: Rest, chat_id: str, content: str, **headers: str) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a reply, each as soon as it comes."""
    path, sent = f"/api/v1/chats/{chat_id}/messages", {"content": content}
    async with rest.http.stream("POST", path, json=sent, headers=NDJSON | headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson; charset=utf-8"
        yield (json.loads(line) async for line in answer.aiter_lines() if line)


async def until(events: AsyncIterator[Event], event_type: str, count: int = 1) -> list[Event]:
    """Everything up to the event of that type that makes the count full."""
    heard: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while [event["event_type"] for event in heard].count(event_type) < count:
            heard.append(await anext(events))
    return heard


async def state_of(rest: Rest, chat_id: str, turn_id: str, *, is_not: str = "generating") -> str:
    """The turn's state once it is another than that."""
    async with asyncio.timeout(PATIENCE * 3):
        while (state := (await rest.turn(chat_id, turn_id))["state"]) == is_not:  # noqa: ASYNC110 - REST tells no events
            await asyncio.sleep(0.2)
    return str(state)


async def test_the_first_token_arrives_while_the_last_is_not_made(slow: House) -> None:
    async with slow.rest() as rest:
        chat_id = await rest.create_chat()
        async with streamed(rest, chat_id, QUESTION) as events:
            heard = await until(events, "message_stream_token", 3)
            turn_id = next(event["turn_id"] for event in heard if event["event_type"] == "message_stream_started")
            assert (await rest.turn(chat_id, turn_id))["state"] == "generating"
            await rest.call("POST", f"/{chat_id}/turns/{turn_id}/stop")
            heard += await until(events, "message_stream_ended")
            assert [event async for event in events] == []
        messages = await rest.messages(chat_id)

    assert heard[0]["event_type"] == "message_received"
    tokens = [event for event in heard if event["event_type"] == "message_stream_token"]
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert "".join(token["token"] for token in tokens) == heard[-1]["content"] == messages[1]["content"]
    assert heard[-1]["metadata"]["stopped"] is True


async def test_a_client_that_leaves_does_not_end_the_turn(brisk: House) -> None:
    async with brisk.rest() as rest:
        chat_id = await rest.create_chat()
        async with brisk.rest() as other, streamed(other, chat_id, QUESTION) as events:
            started = (await until(events, "message_stream_started"))[-1]
            await until(events, "message_stream_token")
        left = await rest.turn(chat_id, started["turn_id"])
        state = await state_of(rest, chat_id, started["turn_id"])
        turn = await rest.turn(chat_id, started["turn_id"])
        messages = await rest.messages(chat_id)

    assert (left["state"], state) == ("generating", "done")
    # Nobody else picked it up: the one attempt went on when its client had gone.
    assert turn["attempt"] == 1
    assert "harbour.md" in messages[1]["content"]


async def test_a_second_message_waits_in_line_and_is_streamed_too(slow: House) -> None:
    """Whoever finds the conversation busy follows the worker that runs its turn."""
    async with slow.rest() as rest:
        chat_id = await rest.create_chat()
        async with streamed(rest, chat_id, QUESTION) as first, slow.rest() as other:
            turn_id = (await until(first, "message_stream_started"))[-1]["turn_id"]
            async with streamed(other, chat_id, "Zebra, okapi or quagga?") as second:
                await until(second, "message_received")
                await rest.call("POST", f"/{chat_id}/turns/{turn_id}/stop")
                heard = await until(second, "message_stream_ended")
            await until(first, "message_stream_ended")
        messages = await rest.messages(chat_id)

    assert [message["sender_role"] for message in messages] == ["user", "assistant"] * 2
    assert messages[3]["content"] == heard[-1]["content"]


async def test_the_whole_reply_as_one_answer_and_its_repetition(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        path, once = f"/{chat_id}/messages", {"Idempotency-Key": "once"}
        first = await rest.call("POST", path, json={"content": "Hello?"}, headers=once)
        assert await rest.call("POST", f"{path}/", json={"content": "Hello?"}, headers=once) == first
        assert (await rest.messages(chat_id))[1] == first
        refused = await rest.http.post(f"/api/v1/chats{path}", json={"content": "Other"}, headers=once | NDJSON)
    assert (refused.status_code, error_of(refused)["code"]) == (409, "CONFLICT")


async def test_beside_the_streaming_route_the_others_are_what_they_were(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        assert (await rest.call("GET", f"/{chat_id}/messages"))["messages"] == []
        for method in ("PUT", "PATCH", "DELETE"):
            refused = await rest.http.request(method, f"/api/v1/chats/{chat_id}/messages")
            assert (refused.status_code, error_of(refused)["code"]) == (405, "METHOD_NOT_ALLOWED")
        await rest.call("POST", "/chat_none/messages", 404, json={"content": "Hello?"})
    async with Rest(house.base_url, None) as nobody:
        await nobody.call("POST", f"/{chat_id}/messages", 401, json={"content": "Hello?"}, headers=NDJSON)
