"""Trying a storage call again while it is contended or unanswered."""

from collections.abc import Callable

from parlance.clock import Clock
from parlance.pauses import Pauses
from parlance.storage.table import ContendedError, UnansweredError


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
