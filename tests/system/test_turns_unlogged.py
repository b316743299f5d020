"""What stays out of the logs: keys, tickets, and everything that users and agents say."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.clients import emulator_session
from tests.local.cloud import LocalCloud
from tests.system.client import House, line, refusal
from tests.system.conftest import QUESTION, SENTENCE

pytestmark = [pytest.mark.system, pytest.mark.anyio]

TEXT = "The launch code of the harbour is 0000-marmalade."


type Line = tuple[str, str]
"""Where something is written, and what."""

PAGE = 10_000


def events_of(logs: Any, group: str, *, since: int) -> Iterator[str]:
    """All messages of a log group from a time on (ms). The emulator hands out one page and no token for the next."""
    while True:
        page = logs.filter_log_events(logGroupName=group, startTime=since, limit=PAGE)["events"]
        yield from (event["message"] for event in page)
        if len(page) < PAGE:
            return
        assert page[-1]["timestamp"] > since, "more than a page in one millisecond"
        since = page[-1]["timestamp"]


def logged(cloud: LocalCloud, *, since: int = 0) -> Iterator[Line]:
    """What the functions of the stack have written down."""
    logs: Any = emulator_session().client("logs", endpoint_url=cloud.aws_endpoint)
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            yield from ((name, message) for message in events_of(logs, name, since=since))


def written_to_files(cloud: LocalCloud) -> Iterator[Line]:
    """What the local cloud itself has written down."""
    for file in cloud.state_dir.rglob("*.log"):
        if not file.is_relative_to(cloud.state_dir / "tmp"):
            yield str(file), file.read_text(errors="replace")


async def wait_until_logged(cloud: LocalCloud, *expected: tuple[str, ...], since: int) -> None:
    """Wait for a line for each of the `expected` that holds all its words: an invocation is logged when it ends."""
    until = time.monotonic() + 60
    while True:
        lines = await asyncio.to_thread(lambda: [f"{place} {text}" for place, text in logged(cloud, since=since)])
        missing = [words for words in expected if not any(all(word in line for word in words) for line in lines)]
        if not missing:
            return
        assert time.monotonic() < until, f"never logged: {missing}"
        await asyncio.sleep(0.5)


async def test_no_key_ticket_or_text_is_ever_logged(cloud: LocalCloud, build_house: Callable[..., House]) -> None:
    """After traffic that goes well and traffic that goes wrong in every way that logs something."""
    since = int(time.time() * 1000)
    house = build_house(dataset=True)
    broken = build_house(settings={"pace": "fast"}, dataset=True)
    async with house.rest() as rest, broken.rest() as rest_of_broken:
        chat_id, broken_id = await rest.create_chat(TEXT), await rest_of_broken.create_chat()
        await rest.http.post("/api/v1/chats", json={"user_id": [TEXT]})
        await rest.http.post("/api/v1/chats", content=f'{{"user_id": "{TEXT}'.encode())
        await rest.http.get(f"/api/v1/chats/{chat_id}", params={"note": TEXT}, headers={"X-API-Key": f"pk_{TEXT}"})
        ticket = (await rest.call("POST", f"/{chat_id}/tickets"))["ticket"]
        spent = (await rest.call("POST", f"/{chat_id}/tickets"))["ticket"]
        await refusal(house.websocket_url, query={"ticket": spent[:-1]})
        await refusal(house.websocket_url, query={"api_key": house.api_key, "user_id": "bob", "chat_id": chat_id})
        async with line(house.websocket_url, query={"ticket": ticket}) as opened:
            said = await opened.stream(await opened.ask(QUESTION))
            await opened.stream(await opened.ask(TEXT))
            await opened.send(content=TEXT, metadata=TEXT)
            await opened.send_raw(TEXT)
            await opened.events("error", count=2)
        async with broken.line(broken_id) as failing:
            await failing.say(TEXT)
            error = await failing.event("error", code="AGENT_ERROR")
        async with house.line(chat_id, TEXT) as leaving:
            await leaving.send(content=TEXT)
            await leaving.drop()
        await rest.call("DELETE", f"/{chat_id}", 204)

    assert SENTENCE.strip() in said.text
    await wait_until_logged(
        cloud,
        ("model failed", error["details"]["turn_id"]),
        *((f"/{name}Logs", "REPORT") for name in ("ChatsRest", "ChatsWebSocket", "Replies", "Sweeps")),
        since=since,
    )
    written = await asyncio.to_thread(lambda: [*logged(cloud), *written_to_files(cloud)])
    keys = [house.api_key, broken.api_key, cloud.credentials["api_key"]]
    secrets = [*keys, ticket, spent, TEXT, "marmalade", QUESTION, "harbour burn whale oil"]
    secrets += [key.removeprefix("pk_")[:12] for key in keys] + [one.partition(".")[2] for one in (ticket, spent)]
    for place, text in written:
        for secret in secrets:
            assert secret not in text, place
        assert not re.search(r"\b(pk|tk)_[A-Za-z0-9_-]{16,}", text), place
