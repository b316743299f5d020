"""The loop between a session and its connection: sends, receives, reconnects, and shows what comes."""

import random
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import uuid4

from parlance.clock import Clock
from parlance_cli.chat.connection import Connection, Connector, LostError
from parlance_cli.chat.screen import Screen
from parlance_cli.chat.session import Action, Clear, Failed, Fetch, Finished, Outcome, Reconnect, Send, Session, Show
from parlance_cli.errors import CliError

GIVE_UP_AFTER = 90.0
"""Seconds without a word of the reply in which every connection was lost."""

_POLL = 0.2
_SETTLED = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0


class Interrupt(Protocol):
    """Whether the person at the terminal wants the reply to end."""

    @property
    def requested(self) -> bool: ...


class Conversation:
    """Asks, and shows the replies. `fetch` gets a stored reply's text by its id; it raises LostError."""

    def __init__(self, connector: Connector, screen: Screen, fetch: Callable[[str], str], *, clock: Clock) -> None:
        self._connector = connector
        self._screen = screen
        self._fetch = fetch
        self._clock = clock
        self._session = Session()
        self._connection: Connection | None = None
        self._trouble = _Trouble(clock)

    def open(self) -> None:
        """Connect, so that a wrong key or chat is known before anybody has typed a word."""
        self._trouble.over()
        self._connect()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def ask(self, content: str, interrupt: Interrupt) -> Outcome:
        """Send a message and follow its reply to the end. Raises CliError when the server stays away."""
        self._trouble.over()
        outcome = self._perform(self._session.send(content, f"cli-{uuid4().hex}"))
        while outcome is None:
            if interrupt.requested:
                outcome = self._perform(self._session.stop())
            outcome = outcome or self._next()
        return outcome

    def _next(self) -> Outcome | None:
        """Take the next frame, or get a connection to take it from."""
        if self._connection is None:
            self._connect()
            return self._perform(self._session.reconnected())
        try:
            frame = self._connection.receive(_POLL)
        except LostError as error:
            self._lose(str(error))
            return None
        return self._perform(self._session.received(frame)) if frame is not None else None

    def _perform(self, actions: Iterable[Action]) -> Outcome | None:
        outcome: Outcome | None = None
        for action in actions:
            match action:
                case Send():
                    self._send(action)
                case Show(text):
                    self._trouble.over()
                    self._screen.show(text)
                case Clear():
                    self._screen.clear()
                case Fetch(message_id):
                    outcome = self._fetch_reply(message_id)
                case Reconnect():
                    self._lose("the server had trouble")
                case Finished():
                    self._screen.finish(action)
                    outcome = action
                case Failed():
                    self._screen.abandon()
                    outcome = action
        return outcome

    def _fetch_reply(self, message_id: str) -> Outcome | None:
        try:
            content = self._fetch(message_id)
        except LostError as error:
            self._lose(str(error))
            return None
        return self._perform(self._session.fetched(content))

    def _send(self, action: Send) -> None:
        """What cannot be sent now is said again after the reconnection."""
        if self._connection is None:
            return
        try:
            self._connection.send(action.text)
        except LostError as error:
            self._lose(str(error))

    def _lose(self, reason: str) -> None:
        self.close()
        self._trouble.happened(reason)

    def _connect(self) -> None:
        while self._connection is None:
            self._trouble.pause(self._screen.note)
            try:
                self._connection = self._connector.open()
            except LostError as error:
                self._trouble.happened(str(error))
            else:
                self._trouble.connected()


class _Trouble:
    """How long the connection has been bad, and how long to wait before the next try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._connected_at: float | None = None
        self._tries = 0
        self._reason = ""

    def over(self) -> None:
        self._since, self._tries = None, 0

    def connected(self) -> None:
        self._connected_at = self._clock.monotonic()

    def happened(self, reason: str) -> None:
        """A connection that has lasted for a while was a good one, however silent."""
        if self._connected_at is not None and self._clock.monotonic() - self._connected_at > _SETTLED:
            self.over()
        self._reason, self._connected_at = reason, None
        if self._since is None:
            self._since = self._clock.monotonic()

    def pause(self, note: Callable[[str], None]) -> None:
        """Wait if the last try failed, longer each time. Raises CliError when there have been enough."""
        if self._since is None:
            return
        if self._clock.monotonic() - self._since > GIVE_UP_AFTER:
            raise CliError(f"The connection could not be made again: {self._reason}.")
        if self._tries == 1:
            note(f"Reconnecting: {self._reason}.")
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._tries)
        self._tries += 1
        self._clock.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads clients, guards nothing
