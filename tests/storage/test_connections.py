"""Connections and slots: the same for every store, and exact under concurrent connects."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from parlance.clock import SystemClock
from parlance.errors import TooManyConnectionsError
from parlance.ids import RandomIds
from parlance.realtime.connections import LIFETIME_MS, Connections
from parlance.realtime.model import Connection, Slot
from parlance.realtime.port import ConnectionStore, SlotTakenError
from parlance.storage import keys
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.table import Table
from tests.fakes.realtime import MemoryConnectionStore, RecordingManagement

pytestmark = pytest.mark.storage

_NOW = 1_750_000_000_000
_END = _NOW + LIFETIME_MS


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest) -> ConnectionStore:
    if request.param == "memory":
        return MemoryConnectionStore()
    table: Table = request.getfixturevalue("table")
    return DynamoConnectionStore(table)


@pytest.fixture
def tenant_id() -> str:
    return f"tenant_{RandomIds().random()}"


def _connection(tenant_id: str, *, at: int = _NOW) -> Connection:
    return Connection(RandomIds().random(), tenant_id, "alice", "chat_1", "hash", at)


def _connect(store: ConnectionStore, connection: Connection, slot: int, instead_of: str | None = None) -> None:
    expires_at = connection.connected_at + LIFETIME_MS
    store.connect(connection, slot, instead_of=instead_of, expires_at=expires_at, token=RandomIds().random())


def test_a_slot_is_taken_and_freed(store: ConnectionStore, tenant_id: str) -> None:
    mine = _connection(tenant_id)
    _connect(store, mine, 3)
    assert store.connection(mine.id) == mine
    assert list(store.slots(tenant_id)) == [Slot(3, mine.id, _NOW, _END)]
    with pytest.raises(SlotTakenError) as taken:
        _connect(store, _connection(tenant_id), 3)
    assert taken.value.slot == Slot(3, mine.id, _NOW, _END)
    store.disconnect(mine.id)
    assert store.connection(mine.id) is None
    assert list(store.slots(tenant_id)) == []
    store.disconnect(mine.id)


def test_a_refused_connection_is_not_stored(store: ConnectionStore, tenant_id: str) -> None:
    _connect(store, _connection(tenant_id), 0)
    late = _connection(tenant_id)
    with pytest.raises(SlotTakenError):
        _connect(store, late, 0)
    assert store.connection(late.id) is None


def test_a_slot_past_its_end_is_free(store: ConnectionStore, tenant_id: str) -> None:
    _connect(store, _connection(tenant_id), 0)
    with pytest.raises(SlotTakenError):
        _connect(store, _connection(tenant_id, at=_END - 1000), 0)
    next_one = _connection(tenant_id, at=_END)
    _connect(store, next_one, 0)
    assert [slot.connection_id for slot in store.slots(tenant_id)] == [next_one.id]


def test_a_slot_is_taken_over_only_from_whom_it_was_meant(store: ConnectionStore, tenant_id: str) -> None:
    first, second, third = (_connection(tenant_id) for _ in range(3))
    _connect(store, first, 0)
    _connect(store, second, 0, instead_of=first.id)
    with pytest.raises(SlotTakenError):
        _connect(store, third, 0, instead_of=first.id)
    store.disconnect(first.id)
    assert [slot.connection_id for slot in store.slots(tenant_id)] == [second.id]


def test_the_same_connection_is_stored_once(store: ConnectionStore, tenant_id: str) -> None:
    mine = _connection(tenant_id)
    _connect(store, mine, 0)
    _connect(store, mine, 1)
    assert [slot.number for slot in store.slots(tenant_id)] == [0]


def test_slots_are_the_tenants_own(store: ConnectionStore, tenant_id: str) -> None:
    _connect(store, _connection(tenant_id), 0)
    assert list(store.slots(tenant_id + "x")) == []
    _connect(store, _connection(tenant_id + "x"), 0)


def test_the_first_connection_ever_is_one(store: ConnectionStore, tenant_id: str) -> None:
    first, second = _connection(tenant_id), _connection(tenant_id)
    assert store.mark_connected(first)
    assert store.mark_connected(first)
    assert not store.mark_connected(second)
    assert store.mark_connected(replace(second, user_id="bob"))


def test_of_sixty_connects_at_once_fifty_get_in(store: ConnectionStore, tenant_id: str) -> None:
    clock = SystemClock()
    connections = Connections(store, RecordingManagement(), clock=clock, ids=RandomIds())

    def connect(_: int) -> bool:
        try:
            connections.connect(_connection(tenant_id, at=clock.now()), limit=50)
        except TooManyConnectionsError:
            return False
        return True

    with ThreadPoolExecutor(60) as pool:
        assert sum(pool.map(connect, range(60))) == 50
    assert len({slot.connection_id for slot in store.slots(tenant_id)}) == 50


def test_the_time_to_live_is_in_seconds(table: Table, tenant_id: str) -> None:
    mine = _connection(tenant_id)
    _connect(DynamoConnectionStore(table), mine, 0)
    for key in (keys.connection(mine.id), keys.slot(tenant_id, 0)):
        item = table.get(key)
        assert item is not None
        assert item["expires_at"] == _END // 1000
