"""A thousand messages to one conversation from eight clients at once, sent twice, cut off and sent again."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.system.client import Event, House, Json, Line, Rest, number_in

pytestmark = [pytest.mark.system, pytest.mark.anyio, pytest.mark.timeout(900)]

logger = logging.getLogger(__name__)

CLIENTS, MESSAGES_EACH = 8, 125
CUT_EVERY, TWICE_EVERY = 25, 10
ANSWERED_WITHIN = 30.0
"""Seconds after which a client that has heard nothing sends its message again."""

SLOWEST = 400
"""Seconds for the last replies to come in, on a machine that has other things to do."""


@dataclass
class Sender:
    """One client, which sends its messages in turn and every one of them until it is acknowledged."""

    house: House
    chat_id: str
    name: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    ended: dict[int, Event] = field(default_factory=dict)
    sendings: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        messages = [f"{self.name}-{number}" for number in range(MESSAGES_EACH)]
        while waiting := [message for message in messages if message not in self.acknowledged]:
            # The greeting may take its time behind a thousand wake-ups, and nobody needs to wait for it.
            async with self.house.line(self.chat_id, greeted=False) as line:
                await self.deliver(line, waiting)
                self.note(line)

    async def deliver(self, line: Line, messages: list[str]) -> None:
        """Until all are acknowledged, or the line is cut."""
        for number, message in enumerate(messages):
            await self.send(line, message)
            if number % TWICE_EVERY == TWICE_EVERY // 2:
                await self.send(line, message)
            if number % CUT_EVERY == CUT_EVERY - 1:
                await line.drop()
                return
            await self.see_acknowledged(line, message)

    async def see_acknowledged(self, line: Line, message: str) -> None:
        """A refusal does not say which message it is about, so whatever is not acknowledged is sent again."""
        while not line.all("message_received", client_message_id=message):
            failures = len(failures_of(line))

            def answered(failures: int = failures) -> bool:
                acknowledged = line.all("message_received", client_message_id=message)
                return bool(acknowledged) or len(failures_of(line)) > failures

            if not await line.within(ANSWERED_WITHIN, answered):
                assert not line.over
            if not line.all("message_received", client_message_id=message):
                await self.send(line, message)

    async def send(self, line: Line, message: str) -> None:
        self.sendings[message] += 1
        await line.send(content=message, client_message_id=message)

    def note(self, line: Line) -> None:
        """Remember what this line has told."""
        for receipt in line.all("message_received"):
            message, message_id = receipt["client_message_id"], receipt["message_id"]
            assert receipt["content"] == message
            assert self.acknowledged.setdefault(message, message_id) == message_id
        self.refusals.update(failures_of(line))
        self.note_ends(line)

    def note_ends(self, line: Line) -> None:
        for end in line.all("message_stream_ended"):
            self.ended[number_in(end["message_id"])] = end


async def answered(rest: Rest, chat_id: str, messages: int) -> list[Json]:
    """All messages of the chat, once there are so many."""
    for _ in range(SLOWEST):
        [listed] = (await rest.call("GET", "/user/ada"))["chats"]
        if listed["message_count"] >= messages:
            return await rest.messages(chat_id)
        await asyncio.sleep(1)
    raise AssertionError(f"{listed['message_count']} of {messages} messages after {SLOWEST} s")


async def test_every_acknowledged_message_is_stored_once_in_one_order_and_answered(
    house: House,
) -> None:
    began = time.monotonic()
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        senders = [Sender(house, chat_id, f"client{number}") for number in range(CLIENTS)]
        await asyncio.gather(*(sender.run() for sender in senders))
        stored = await answered(rest, chat_id, 2 * CLIENTS * MESSAGES_EACH)
        took = time.monotonic() - began
        [listed] = (await rest.call("GET", "/user/ada"))["chats"]

    sendings = sum(sender.sendings.total() for sender in senders)
    refusals = sum((sender.refusals for sender in senders), Counter[str]())
    logger.info("%d messages, %d sendings, refusals %s, %.0f s", len(stored), sendings, dict(refusals), took)
    acknowledged = {message: message_id for sender in senders for message, message_id in sender.acknowledged.items()}
    heard = {number: end for sender in senders for number, end in sender.ended.items()}
    questions, replies = stored[::2], stored[1::2]
    assert len(acknowledged) == CLIENTS * MESSAGES_EACH
    assert sendings >= len(acknowledged) + CLIENTS * (MESSAGES_EACH // TWICE_EVERY)
    assert refusals.keys() <= {"INTERNAL_ERROR"}, f"the service may be busy, nothing else: {refusals}"
    assert [number_in(message["id"]) for message in stored] == list(range(1, 2 * len(acknowledged) + 1))
    assert {message["content"]: message["id"] for message in questions} == acknowledged
    assert {message["sender_role"] for message in questions} == {"user"}
    assert {message["sender_role"] for message in replies} == {"assistant"}
    kept = {number_in(reply["id"]): shown(reply) for reply in replies}
    assert all(shown(end) == kept[number] for number, end in heard.items())
    assert listed["message_count"] == len(stored)


def failures_of(line: Line) -> list[str]:
    """What went wrong on a line, in the service's words or in the platform's, which cut a function off."""
    return [event.get("code") or event["message"] for event in line.heard if event["event_type"] in {"error", None}]


def shown(reply: Json) -> tuple[str, Json]:
    return reply["content"], reply["metadata"]
