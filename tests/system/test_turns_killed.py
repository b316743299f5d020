"""A worker that is killed in the middle of a reply is replaced as soon as its lease has run out."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from tests.local.cloud import LocalCloud
from tests.system.client import Event, House, Line
from tests.system.conftest import QUESTION

pytestmark = [pytest.mark.system, pytest.mark.anyio]

LEASE_SECONDS = 30


def replies_workers(cloud: LocalCloud) -> Iterator[int]:
    """The processes in which this cloud's emulator runs the replies function."""
    for process in Path("/proc").iterdir():
        # Most entries are no processes, or gone by now, or somebody else's.
        with suppress(OSError, ValueError):
            place = (process / "cwd").readlink()
            environment = (process / "environ").read_bytes()
            if place.is_relative_to(cloud.state_dir / "tmp") and b"POWERTOOLS_SERVICE_NAME=replies\0" in environment:
                yield int(process.name)


def kill_the_workers(cloud: LocalCloud) -> int:
    """However many there are, at once and without a word."""
    workers = list(replies_workers(cloud))
    for process_id in workers:
        os.kill(process_id, signal.SIGKILL)
    return len(workers)


async def test_a_killed_workers_reply_is_finished_by_another(
    build_house: Callable[..., House], cloud: LocalCloud
) -> None:
    """One chat is resumed after the kill, another gets its next message; both are told the whole reply."""
    house = build_house(settings={"pace": 0.06}, dataset=True)
    async with house.rest() as rest:
        resumed, continued = await rest.create_chat(), await rest.create_chat()
        async with house.line(resumed) as line, house.line(continued) as other:
            reply_id, other_reply_id = await asyncio.gather(line.ask(QUESTION), other.ask(QUESTION))
            await asyncio.gather(*(one.events("message_stream_token", count=5) for one in (line, other)))
            assert kill_the_workers(cloud) > 0
            assert line.all("message_stream_ended") == other.all("message_stream_ended") == []
            last = line.all("message_stream_token")[-1]
            await line.send(action="resume", message_id=reply_id, after_index=last["index"], attempt=1)
            next_receipt = await other.say("And who rows across?")
            await asyncio.gather(started_again(line, reply_id), started_again(other, other_reply_id))
            first, second = await line.stream(reply_id), await other.stream(other_reply_id)
            await other.events("message_stream_ended", count=2)
        turns = [
            await rest.turn(chat_id, stream.started["turn_id"])
            for chat_id, stream in ((resumed, first), (continued, second))
        ]
        messages = await rest.messages(resumed)
        others = await rest.messages(continued)

    assert first.text == second.text
    assert "harbour.md" in first.text
    for stream, turn in zip((first, second), turns, strict=True):
        assert stream.text == stream.ended["content"]
        assert (turn["state"], turn["attempt"]) == ("done", 2)
    assert seconds_between(last, first.started) < LEASE_SECONDS + 15
    assert [message["content"] for message in messages] == [QUESTION, first.text]
    assert [message["sender_role"] for message in others] == ["user", "assistant", "user", "assistant"]
    assert [others[1]["content"], others[2]["id"]] == [second.text, next_receipt["message_id"]]


async def started_again(line: Line, reply_id: str) -> None:
    await line.event("message_stream_started", message_id=reply_id, attempt=2, seconds=LEASE_SECONDS + 60)


def seconds_between(one: Event, other: Event) -> float:
    first, second = (datetime.fromisoformat(event["timestamp"]) for event in (one, other))
    return (second - first).total_seconds()
