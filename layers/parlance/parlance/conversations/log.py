"""The events of one attempt at a turn, in memory: written by its runner, read by any number of listeners.

A reader keeps its own place, so a slow one holds up neither the model nor the other readers.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from parlance.agents.calls import Called, Calling
from parlance.clock import Clock
from parlance.conversations.model import Failure, Message, Turn


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt begins. A second one with a higher attempt means: forget the tokens so far."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply; `index` counts up from 0 without gaps within an attempt."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The reply is stored."""

    turn: Turn
    reply: Message
    stopped: bool


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn is stored as failed."""

    turn: Turn
    failure: Failure


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The attempt is no longer this holder's to tell about; another may be running. Not for clients."""

    turn: Turn


type End = Ended | TurnFailed | Abandoned
type TurnEvent = Started | Token | Calling | Called | End
"""Calls are told live only, to whoever runs the turn; who follows from storage finds them in the ended turn."""


class TurnLog:
    """Tokens and the end of one attempt. Thread-safe.

    `speaks_until` (ms since 1970) is the end of the holder's lease: after it, readers are told that the attempt is
    abandoned, whether or not the holder has noticed.
    """

    def __init__(self, turn: Turn, *, clock: Clock, speaks_until: int) -> None:
        self.turn = turn
        self._clock = clock
        self._speaks_until = speaks_until
        self._tokens: list[str] = []
        self._calls: list[tuple[int, Calling | Called]] = []
        self._end: End | None = None
        self._changed = threading.Condition()

    def append(self, text: str) -> None:
        """Add a token; after the end there is nobody to tell it to."""
        with self._changed:
            if self._end is None:
                self._tokens.append(text)
                self._changed.notify_all()

    def tell(self, call: Calling | Called) -> None:
        """A call, in its place between the tokens."""
        with self._changed:
            if self._end is None:
                self._calls.append((len(self._tokens), call))
                self._changed.notify_all()

    def calls(self) -> list[Called]:
        with self._changed:
            return [call for _, call in self._calls if isinstance(call, Called)]

    def extend_lease(self, speaks_until: int) -> None:
        with self._changed:
            self._speaks_until = speaks_until

    def end(self, end: End) -> None:
        """The first end stays."""
        with self._changed:
            self._end = self._end or end
            self._changed.notify_all()

    def tokens_after(self, index: int) -> list[str]:
        with self._changed:
            return self._tokens[index + 1 :]

    def text(self) -> str:
        with self._changed:
            return "".join(self._tokens)

    def wait(self, after_index: int, *, timeout_seconds: float) -> tuple[list[Token], End | None]:
        """The tokens after that index, and the end once they are all in; nothing when nothing came in time."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._end is not None or len(self._tokens) > after_index + 1, timeout=timeout_seconds
            )
            if not isinstance(self._end, Ended | TurnFailed) and self._clock.now() >= self._speaks_until:
                return [], Abandoned(self.turn)
            first = after_index + 1
            fresh = [Token(first + place, text) for place, text in enumerate(self._tokens[first:])]
            return fresh, self._end

    def events(self) -> Iterator[TurnEvent]:
        """The whole attempt, live."""
        yield Started(self.turn)
        index, called = -1, 0
        while True:
            tokens, end = self._next(index, called)
            calls = self._calls_from(called)
            for token in tokens:
                while calls and calls[0][0] <= token.index:
                    yield calls.pop(0)[1]
                    called += 1
                yield token
            index += len(tokens)
            while calls and calls[0][0] <= index + 1:
                yield calls.pop(0)[1]
                called += 1
            if end is not None:
                yield end
                return

    def _next(self, index: int, called: int) -> tuple[list[Token], End | None]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._end is not None or len(self._tokens) > index + 1 or len(self._calls) > called,
                timeout=1.0,
            )
        return self.wait(index, timeout_seconds=0)

    def _calls_from(self, called: int) -> list[tuple[int, Calling | Called]]:
        with self._changed:
            return self._calls[called:]
