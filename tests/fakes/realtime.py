"""Connections, slots and the platform's side of them, in memory."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from parlance.realtime.messages import Greeting
from parlance.realtime.model import Connection, Slot
from parlance.realtime.port import GoneError, SlotTakenError


class MemoryConnectionStore:
    """`parlance.realtime.port.ConnectionStore`."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, int], Slot] = {}
        self._connections: dict[str, tuple[Connection, int]] = {}
        self._first: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def slots(self, tenant_id: str) -> Sequence[Slot]:
        with self._lock:
            return [slot for (owner, _), slot in sorted(self._slots.items()) if owner == tenant_id]

    def connect(
        self,
        connection: Connection,
        slot: int,
        *,
        instead_of: str | None,
        expires_at: int,
        token: str,
    ) -> None:
        with self._lock:
            if connection.id in self._connections:
                return
            held = self._slots.get((connection.tenant_id, slot))
            if held and held.expires_at > connection.connected_at and held.connection_id != instead_of:
                raise SlotTakenError(held)
            self._slots[connection.tenant_id, slot] = Slot(slot, connection.id, connection.connected_at, expires_at)
            self._connections[connection.id] = (connection, slot)

    def connection(self, connection_id: str) -> Connection | None:
        with self._lock:
            found = self._connections.get(connection_id)
            return found[0] if found else None

    def disconnect(self, connection_id: str) -> None:
        with self._lock:
            found = self._connections.pop(connection_id, None)
            if found is None:
                return
            where = (found[0].tenant_id, found[1])
            if self._slots[where].connection_id == connection_id:
                del self._slots[where]

    def mark_connected(self, connection: Connection) -> bool:
        with self._lock:
            first = self._first.setdefault((connection.tenant_id, connection.user_id), connection.id)
            return first == connection.id


class RecordingManagement:
    """`parlance.realtime.port.Management` that keeps what is posted. Every connection is open unless it is `gone`.

    `before_post` is called first, and may raise or wait.
    """

    def __init__(self) -> None:
        self.frames: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.gone: set[str] = set()
        self.closed: list[str] = []
        self.posts = 0
        self.before_post: Callable[[str], None] = lambda _: None

    def post(self, connection_id: str, frame: bytes) -> None:
        self.posts += 1
        self.before_post(connection_id)
        if connection_id in self.gone:
            raise GoneError
        self.frames[connection_id].append(json.loads(frame))

    def is_connected(self, connection_id: str) -> bool:
        return connection_id not in self.gone

    def close(self, connection_id: str) -> None:
        self.closed.append(connection_id)

    def kinds(self, connection_id: str) -> list[str]:
        return [frame["event_type"] for frame in self.frames[connection_id]]


class QueuedGreetings:
    """Remembers greetings instead of sending them."""

    def __init__(self) -> None:
        self.asked: list[Greeting] = []

    def greet(self, greeting: Greeting) -> None:
        self.asked.append(greeting)
