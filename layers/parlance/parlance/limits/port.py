"""What limits need from elsewhere: exact counters and slots, and word of who is still connected."""

from dataclasses import dataclass
from typing import Protocol

from parlance.limits.model import Window


@dataclass(frozen=True, slots=True)
class TenantCounter:
    """A counter of the whole tenant."""

    tenant_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ConnectionCounter:
    """A connection's own counter."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class AddressCounter:
    """A counter of one client address."""

    name: str
    address: str


type Counter = TenantCounter | ConnectionCounter | AddressCounter


class NotNowError(Exception):
    """The step did not fit the counter's state; `window` is the state as it is, None if there is none."""

    def __init__(self, window: Window | None) -> None:
        super().__init__("the counter stands otherwise")
        self.window = window


class CounterStore(Protocol):
    """Counters whose steps are conditional, so that no hit is ever lost among concurrent ones."""

    def count_up(self, counter: Counter, *, oldest_start: int) -> Window:
        """Add a hit to a window that began after `oldest_start`. Raises NotNowError when it is over."""
        ...

    def start_anew(self, counter: Counter, *, now: int, oldest_start: int, expires_at: int) -> Window:
        """Begin a window with its first hit. Raises NotNowError when one that began after `oldest_start` runs."""
        ...
