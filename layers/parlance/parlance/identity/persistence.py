"""Writes of the identity core while the table is contended or does not answer."""

from collections.abc import Callable

from parlance.clock import Clock
from parlance.conversations.retrying import persist
from parlance.errors import UnavailableError
from parlance.storage.table import ContendedError, UnansweredError

_PATIENCE = 5.0


def patiently[T](call: Callable[[], T], clock: Clock) -> T:
    """Call until it is answered, for five seconds. `call` must do no harm twice. Raises UnavailableError."""
    deadline = clock.monotonic() + _PATIENCE
    try:
        return persist(call, clock=clock, give_up=lambda: clock.monotonic() >= deadline)
    except (ContendedError, UnansweredError) as error:
        raise UnavailableError("The service is busy. Try again in a moment.") from error
