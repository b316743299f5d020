"""What the real-time side needs from storage and from the platform."""

from collections.abc import Sequence
from typing import Protocol

from parlance.realtime.messages import Greeting
from parlance.realtime.model import Connection, Slot


class SlotTakenError(Exception):
    """Somebody else has the slot; `slot` tells who, None if it was being written at this very moment."""

    def __init__(self, slot: Slot | None) -> None:
        super().__init__("slot taken")
        self.slot = slot


class GoneError(Exception):
    """There is no such connection (any more), or it has not been accepted yet."""


class ConnectionStore(Protocol):
    """Connections, and the slots that bound how many a tenant may have."""

    def slots(self, tenant_id: str) -> Sequence[Slot]:
        """The slots that are, or were, taken."""
        ...

    def connect(
        self, connection: Connection, slot: int, *, instead_of: str | None, expires_at: int, token: str
    ) -> None:
        """Take a slot and store the connection, both or neither; `expires_at` (ms) is the end of both.

        The slot must be free, past its end, or held by the connection `instead_of`. Raises SlotTakenError, or
        UnansweredError, after which it may be called again with the same token. A connection that is stored
        already stays as it is.
        """
        ...

    def connection(self, connection_id: str) -> Connection | None: ...

    def disconnect(self, connection_id: str) -> None:
        """Forget the connection and free its slot, if that still is its own."""
        ...

    def mark_connected(self, connection: Connection) -> bool:
        """Remember that the user has connected. True if this was the first connection ever, however often asked."""
        ...


class Greetings(Protocol):
    """Has new connections greeted, once they can be written to."""

    def greet(self, greeting: Greeting) -> None: ...


class Management(Protocol):
    """The platform's side of open connections."""

    def post(self, connection_id: str, frame: bytes) -> None:
        """Send one frame. Raises GoneError, or PostFailedError when it may work in a moment."""
        ...

    def is_connected(self, connection_id: str) -> bool: ...

    def close(self, connection_id: str) -> None:
        """End the connection. Nothing happens when it is gone already."""
        ...


class PostFailedError(Exception):
    """The platform did not take a frame: it was busy, throttled us or did not answer."""
