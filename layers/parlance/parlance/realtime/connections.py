"""Letting connections in: as many per tenant as it has slots, exactly.

free ──> taken ──> free            ($disconnect, or the connection was found gone)
           │
           └──> another's          (past its end, or older than a minute and no longer connected)
"""

import random
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

from parlance.clock import Clock
from parlance.errors import TooManyConnectionsError, UnavailableError
from parlance.ids import IdSource
from parlance.realtime.model import Connection, Slot
from parlance.realtime.port import ConnectionStore, Management, SlotTakenError
from parlance.storage.table import UnansweredError

LIFETIME_MS = 2 * 3_600_000
"""The platform lets no connection live longer."""

_CHECKED_AFTER_MS = 60_000
_CHECKS_AT_ONCE = 8
_CONTENTIONS_MAX = 50
_ANSWERS_AWAITED = 3
_BUSY = "The service is busy. Try again in a moment."


class Connections:
    """Takes a slot for each connection that is let in."""

    def __init__(self, store: ConnectionStore, management: Management, *, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._management = management
        self._clock = clock
        self._ids = ids

    def connect(self, connection: Connection, *, limit: int) -> None:
        """Let a connection in.

        A caller is refused only after it has seen every slot taken, and each by a connection that is still there:
        of any number of concurrent callers, exactly as many get in as there are slots. Raises
        TooManyConnectionsError, or UnavailableError when the slots will not hold still.
        """
        now = self._clock.now()
        taken = {slot.number: slot for slot in self._store.slots(connection.tenant_id) if slot.expires_at > now}
        if any(slot.connection_id == connection.id for slot in taken.values()):
            return
        if self._take_free(connection, limit, taken):
            return
        held = [slot for slot in taken.values() if slot.number < limit]
        if not self._take_over(connection, held):
            raise TooManyConnectionsError(
                "Every connection of this tenant is in use.", details={"max_connections": limit}
            )

    def _take_free(self, connection: Connection, limit: int, taken: dict[int, Slot]) -> bool:
        """Try the free slots until one is had; those found taken are noted in `taken`."""
        free = [number for number in range(limit) if number not in taken]
        random.shuffle(free)  # so that concurrent callers do not all race for the same one
        waiting = deque(free)
        contentions = 0
        while waiting:
            number = waiting.popleft()
            try:
                self._take(connection, number, instead_of=None)
            except SlotTakenError as error:
                if error.slot:
                    taken[number] = error.slot
                    continue
                contentions += 1
                if contentions > _CONTENTIONS_MAX:
                    raise UnavailableError(_BUSY) from error
                waiting.append(number)
                self._clock.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads callers, guards nothing
                continue
            return True
        return False

    def _take_over(self, connection: Connection, held: Collection[Slot]) -> bool:
        for slot in self._gone(held):
            try:
                self._take(connection, slot.number, instead_of=slot.connection_id)
            except SlotTakenError:
                continue
            return True
        return False

    def _gone(self, held: Collection[Slot]) -> Iterator[Slot]:
        """The slots whose connections have ended without a word. Young ones may not be answering yet."""
        settled = self._clock.now() - _CHECKED_AFTER_MS
        old = sorted((slot for slot in held if slot.taken_at < settled), key=lambda slot: slot.taken_at)
        if not old:
            return
        with ThreadPoolExecutor(_CHECKS_AT_ONCE) as pool:
            present = pool.map(lambda slot: self._management.is_connected(slot.connection_id), old)
            yield from [slot for slot, here in zip(old, present, strict=True) if not here]

    def _take(self, connection: Connection, number: int, *, instead_of: str | None) -> None:
        token = self._ids.random()
        expires_at = connection.connected_at + LIFETIME_MS
        for _ in range(_ANSWERS_AWAITED):
            try:
                self._store.connect(connection, number, instead_of=instead_of, expires_at=expires_at, token=token)
            except UnansweredError:
                continue
            return
        raise UnavailableError(_BUSY)
