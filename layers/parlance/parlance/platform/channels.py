"""Channels: names under which messages wait a while for whoever listens."""

import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from parlance.agents.tools.client import ChannelCall
from parlance.clock import Clock
from parlance.conversations.engine import TurnEngine
from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import Stream
from parlance.platform.answering import Event, turn_events, waiting_event
from parlance.platform.bodies import body_of, read, wanted_form
from parlance.platform.callers import Caller
from parlance.platform.documents import Document, Position
from parlance.platform.fields import AS_WHOLE, Sent
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT, ROOTS
from parlance.platform.streaming import event_stream

_CHANNEL = re.compile(r"[A-Za-z0-9_-]{16,128}\Z", re.ASCII)
_HISTORY_MAX = 1_000
_KEPT_MS = 3_600_000
_CALLS_EVERY = 0.3
_BEFORE_THE_END = frozenset({"message", "abort", "completeEnd", "error"})
"""Before what closes an answer all calls are told, also to those who listen when it is over."""


class Publication(Sent):
    message: dict[str, Any]


class Subscription(Sent):
    historyLength: Annotated[int, Field(ge=0, le=_HISTORY_MAX), AS_WHOLE] | None = None  # noqa: N815 - the wire's name


class Channels:
    """Publishing, and reading on by asking every `poll` seconds."""

    def __init__(self, library: Library, clock: Clock, *, poll: float = 0.3) -> None:
        self._messages = library.engine("channelMessage")
        self._clock = clock
        self._poll = poll

    def publish(self, tenant_id: str, channel: str, message: Mapping[str, Any]) -> Document:
        """Raises InvalidInputError for a name that is too short to be a channel's."""
        return self._put(tenant_id, channel, {"message": dict(message)})

    def announce(self, tenant_id: str, channel: str, conversation_id: str, turn_id: str) -> None:
        """From now on whoever subscribes hears that turn."""
        self._put(tenant_id, channel, {"conversationId": conversation_id, "turnId": turn_id})

    def heard(self, tenant_id: str, channel: str, *, history: int, patience: float) -> Iterator[Document]:
        """The newest `history` publications that there are, then those that come, for `patience` seconds."""
        newest = self._messages.page(tenant_id, ListQuery(take=max(history, 1)), parent=channel).documents
        place = newest[0].position if newest else None
        yield from reversed(newest[:history])
        until = self._clock.monotonic() + patience
        while self._clock.monotonic() < until:
            for document in self.after(tenant_id, channel, place):
                place = document.position
                yield document
            self._clock.sleep(self._poll)

    def after(self, tenant_id: str, channel: str, place: Position | None) -> Iterator[Document]:
        """What was published after that place, until now."""
        return self._messages.walk(tenant_id, ListQuery(after=place, newest_first=False), parent=channel)

    def dispatched(self, tenant_id: str, channel: str) -> Document | None:
        """The newest turn that was announced, if one was."""
        announced = self._messages.walk(tenant_id, ListQuery(), parent=channel)
        return next((document for document in announced if "turnId" in document.values), None)

    def _put(self, tenant_id: str, channel: str, values: Mapping[str, Any]) -> Document:
        check_channel(channel)
        kept = {**values, "expiresAt": self._clock.now() + _KEPT_MS}
        return self._messages.put(tenant_id, kept, parent=channel)


class ChannelCalls:
    """Publishing over HTTP."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    def routes(self) -> list[Route[Caller]]:
        return [Route("POST", f"{ROOT}/channel/<channel>/publish", self.publish)]

    def publish(self, request: Request, caller: Caller, channel: str) -> Answer:
        sent = read(Publication, body_of(request))
        return Answer(200, {"id": self._channels.publish(caller.tenant_id, channel, sent.message).id})


class Subscriptions:
    """Listening over HTTP: to a turn that was dispatched until it ends, else for `patience` seconds.

    Whoever has gone away is not noticed, so a subscription must end by itself; clients subscribe again.
    """

    def __init__(self, channels: Channels, engine: TurnEngine, clock: Clock, *, patience: float) -> None:
        self._channels = channels
        self._engine = engine
        self._clock = clock
        self._patience = patience

    def routes(self) -> list[Route[Caller, Answer | Stream]]:
        return [Route("POST", f"{root}/channel/<channel>/subscribe", self.subscribe) for root in ROOTS]

    def subscribe(self, request: Request, caller: Caller, channel: str) -> Answer | Stream:
        asked = read(Subscription, body_of(request))
        wanted_form(request)
        check_channel(channel)
        events = self._events(caller.tenant_id, channel, asked.historyLength or 0)
        # Subscribers know messages only, so nothing can be sent that says no more than that they are heard.
        return event_stream(self._clock, events, idle=b"")

    def _events(self, tenant_id: str, channel: str, history: int) -> Iterator[Event]:
        announced = self._channels.dispatched(tenant_id, channel)
        if announced is not None:
            yield from self._turn(tenant_id, announced)
            return
        for document in self._channels.heard(tenant_id, channel, history=history, patience=self._patience):
            if "turnId" in document.values:
                yield from self._turn(tenant_id, document)
                return
            if "message" in document.values:
                yield Event("message", document.values["message"])

    def _turn(self, tenant_id: str, announced: Document) -> Iterator[Event]:
        """The turn's events, and between them which of the client's functions wait for it."""
        conversation_id = announced.values["conversationId"]
        turn = self._engine.turn(tenant_id, conversation_id, announced.values["turnId"])
        followed = turn_events(self._engine.follow(tenant_id, conversation_id, turn))
        for event in _with_calls(followed, self._calls(tenant_id, announced)):
            yield Event("message", {"type": event.type, "data": event.data})

    def _calls(self, tenant_id: str, announced: Document) -> Callable[[], list[Event]]:
        """What asks for the calls that were told since it was asked last."""
        place = announced.position

        def ask() -> list[Event]:
            nonlocal place
            found: list[Event] = []
            for document in self._channels.after(tenant_id, announced.parent, place):
                place = document.position
                if "call" in document.values:
                    found.append(waiting_event(ChannelCall(**document.values["call"])))
            return found

        return ask


def _with_calls(turn: Iterator[Event], calls: Callable[[], list[Event]]) -> Iterator[Event]:
    """Both as they come. The turn is read on a thread of its own, as it says nothing while it waits for a client."""
    read: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()

    def follow() -> None:
        try:
            for event in turn:
                read.put(event)
        except Exception as error:  # noqa: BLE001 - a thread's entry point: the failure is the reader's
            read.put(error)
        read.put(None)

    threading.Thread(target=follow, name="turn-follower", daemon=True).start()
    while True:
        try:
            event = read.get(timeout=_CALLS_EVERY)
        except queue.Empty:
            yield from calls()
            continue
        if event is None:
            return
        if isinstance(event, Exception):
            raise event
        if event.type in _BEFORE_THE_END:
            yield from calls()
        yield event


def check_channel(channel: str) -> None:
    """Raises InvalidInputError."""
    if not _CHANNEL.match(channel):
        raise InvalidInputError("channelId: must be 16 to 128 letters, digits, _ and -")
