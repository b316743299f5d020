"""Channels: names under which messages wait a while for whoever listens."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from parlance.clock import Clock
from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.documents import Document
from parlance.platform.fields import Sent
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.paths import ROOT
from parlance.platform.rendering import line

_CHANNEL = re.compile(r"[A-Za-z0-9_-]{16,128}\Z", re.ASCII)
_HISTORY_MAX = 1_000
_KEPT_MS = 3_600_000
END = "end"
"""The type of the message after which a channel has nothing more to say."""


class Publication(Sent):
    message: dict[str, Any]


class Subscription(Sent):
    historyLength: Annotated[int, Field(ge=0, le=_HISTORY_MAX)] | None = None  # noqa: N815 - the wire's name


class Channels:
    """Publishing, and reading on: by asking every `poll` seconds until `patience` is over."""

    def __init__(self, library: Library, clock: Clock, *, poll: float = 0.2) -> None:
        self._messages = library.engine("channelMessage")
        self._clock = clock
        self._poll = poll

    def publish(self, tenant_id: str, channel: str, message: dict[str, Any]) -> Document:
        """Raises InvalidInputError for a name that is too short to be a channel's."""
        check_channel(channel)
        expires_at = self._clock.now() + _KEPT_MS
        return self._messages.put(tenant_id, {"message": message, "expiresAt": expires_at}, parent=channel)

    def messages(self, tenant_id: str, channel: str, *, history: int, patience: float) -> Iterator[dict[str, Any]]:
        """The newest `history` messages that there are, then those that come, for `patience` seconds."""
        check_channel(channel)
        newest = self._messages.page(tenant_id, ListQuery(take=max(history, 1)), parent=channel).documents
        place = newest[0].position if newest else None
        for document in reversed(newest[:history]):
            yield document.values["message"]
        until = self._clock.monotonic() + patience
        while self._clock.monotonic() < until:
            fresh = self._messages.walk(tenant_id, ListQuery(after=place, newest_first=False), parent=channel)
            for document in fresh:
                place = document.position
                yield document.values["message"]
            self._clock.sleep(self._poll)


class ChannelCalls:
    """Channels over HTTP. A subscription ends after `patience` seconds; clients ask again."""

    def __init__(self, channels: Channels, *, patience: float) -> None:
        self._channels = channels
        self._patience = patience

    def routes(self) -> list[Route[Caller]]:
        return [
            Route("POST", f"{ROOT}/channel/<channel>/publish", self.publish),
            Route("POST", f"{ROOT}/channel/<channel>/subscribe", self.subscribe),
        ]

    def publish(self, request: Request, caller: Caller, channel: str) -> Answer:
        sent = read(Publication, body_of(request))
        return Answer(200, {"id": self._channels.publish(caller.tenant_id, channel, sent.message).id})

    def subscribe(self, request: Request, caller: Caller, channel: str) -> Answer:
        sent = read(Subscription, body_of(request))
        found = self._channels.messages(
            caller.tenant_id, channel, history=sent.historyLength or 0, patience=self._patience
        )
        return Answer(200, text="".join(map(message_line, found)), content_type="application/jsonl")


def message_line(message: dict[str, Any]) -> str:
    """How a subscriber sees a published message."""
    return line("message", message)


def check_channel(channel: str) -> None:
    """Raises InvalidInputError."""
    if not _CHANNEL.match(channel):
        raise InvalidInputError("channelId: must be 16 to 128 letters, digits, _ and -")
