"""Trying a storage call again while it is contended or unanswered."""

import random
from collections.abc import Callable

from parlance.clock import Clock
from parlance.storage.table import ContendedError, UnansweredError

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5


class Pauses:
    """Growing pauses with full jitter, in seconds: 64 writers that collide once must not collide again in step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ceiling = _FIRST_PAUSE

    def pause(self) -> None:
        self._clock.sleep(random.uniform(0, self._ceiling))  # noqa: S311 - spreads load, guards nothing
        self._ceiling = min(self._ceiling * 2, _LONGEST_PAUSE)


def persist[T](call: Callable[[], T], *, clock: Clock, give_up: Callable[[], bool]) -> T:
    """Call until it is answered. `call` must do nothing twice. Raises the last failure once `give_up` says so."""
    pauses = Pauses(clock)
    while True:
        try:
            return call()
        except (ContendedError, UnansweredError):
            if give_up():
                raise
        pauses.pause()
