"""Removes a user: their conversations, connections, and everything else that names them.

erase ──> conversations marked, connections forgotten, user removed ──> (sweeps of the conversations, elsewhere)
  ^                                                                            │
  └──────── again, as a worker may have been writing at that moment ───────────┘
"""

from dataclasses import dataclass
from typing import Protocol

from parlance.conversations.service import Conversations
from parlance.privacy.port import People


class Erasures(Protocol):
    """Tells a worker to erase a user."""

    def erase(self, tenant_id: str, user_id: str, *, passes: int, delay_seconds: int) -> None: ...


class Closer(Protocol):
    """Ends connections."""

    def close(self, connection_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass found and removed. Nothing, when an earlier one had done it all."""

    conversations: int
    connections: int
    known: bool

    @property
    def found_nothing(self) -> bool:
        return not (self.conversations or self.connections or self.known)


class Erasure:
    """Erases one user at a time. Every pass may be repeated."""

    def __init__(self, conversations: Conversations, people: People, closer: Closer | None = None) -> None:
        self._conversations = conversations
        self._people = people
        self._closer = closer

    def erase(self, tenant_id: str, user_id: str) -> Pass:
        """One pass. Raises UnavailableError, ContendedError, UnansweredError; what was done by then stays done."""
        names = self._people.names(tenant_id, user_id)
        connections = [one for name in names for one in self._people.disconnect(tenant_id, name)]
        if self._closer is not None:
            for connection_id in connections:
                self._closer.close(connection_id)
        chats = self._people.conversations(tenant_id, user_id)
        # While the conversations still tell.
        self._people.forget_talk(tenant_id, chats)
        deleted = sum(self._conversations.discard(tenant_id, chat) for chat in chats)
        known = self._people.knows(tenant_id, user_id)
        # Last: until then the user's own items tell what there is.
        for name in names:
            self._people.forget(tenant_id, name)
        return Pass(deleted, len(connections), known)
