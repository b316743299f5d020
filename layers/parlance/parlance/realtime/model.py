"""WebSocket connections and their slots. Times are milliseconds since 1970."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connection:
    """One open WebSocket connection: whose it is and which chat it is for.

    `key_hash` finds the API key it was opened with, so that a revoked key ends it.
    """

    id: str
    tenant_id: str
    user_id: str
    chat_id: str
    key_hash: str
    connected_at: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that was taken: by which connection, when, and until when at the latest."""

    number: int
    connection_id: str
    taken_at: int
    expires_at: int
