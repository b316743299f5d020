"""Removes what a deleted conversation has left, for good.

A worker that was answering when the conversation was deleted may go on writing tokens until its lease runs out, since
it cannot renew any more. So: sweep, wait the lease out, sweep again, and only then forget the summary, which until
then keeps the conversation marked.
"""

from dataclasses import dataclass
from typing import Protocol

from parlance.clock import Clock
from parlance.conversations.port import ConversationStore

_ITEMS_A_STEP = 500
_LATE_WRITES_SECONDS = 6
_NEEDS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Swept:
    """Nothing of the conversation is left."""


@dataclass(frozen=True, slots=True)
class SweepLater:
    """There is more to do, in that many seconds."""

    delay_seconds: int


@dataclass(frozen=True, slots=True)
class NotMarked:
    """The conversation is there and not deleted: its deletion has not been stored yet, or never will be."""


class Attachments(Protocol):
    """What was attached to conversations, and lies elsewhere."""

    def forget(self, tenant_id: str, conversation_id: str) -> None:
        """Raises UnavailableError."""
        ...


class Sweeper:
    """Sweeps one conversation at a time."""

    def __init__(self, store: ConversationStore, attachments: Attachments, *, clock: Clock) -> None:
        self._store = store
        self._attachments = attachments
        self._clock = clock

    def sweep(self, tenant_id: str, conversation_id: str, *, deadline: float) -> Swept | SweepLater | NotMarked:
        """`deadline` is on the clock's monotonic scale."""
        conversation = self._store.deleted(tenant_id, conversation_id)
        if conversation is None:
            return NotMarked() if self._store.get(tenant_id, conversation_id) else Swept()
        while not self._store.sweep(tenant_id, conversation_id, limit=_ITEMS_A_STEP):
            if deadline - self._clock.monotonic() < _NEEDS_SECONDS:
                return SweepLater(0)
        if conversation.lease is not None:
            # A write sent at the lease's last moment may land a little after it.
            rest = conversation.lease.until / 1000 + _LATE_WRITES_SECONDS - self._clock.now() / 1000
            if rest > 0:
                return SweepLater(int(rest) + 1)
        self._attachments.forget(tenant_id, conversation_id)
        self._store.forget(conversation)
        return Swept()
