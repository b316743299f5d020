"""Counters: the same for every store, and exact under concurrent hits."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.limits.model import Window
from parlance.limits.port import ConnectionCounter, Counter, CounterStore, NotNowError, TenantCounter
from parlance.limits.rates import RateLimiter
from parlance.storage import keys
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from tests.fakes.limits import MemoryCounterStore

pytestmark = pytest.mark.storage


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest) -> CounterStore:
    if request.param == "memory":
        return MemoryCounterStore()
    table: Table = request.getfixturevalue("table")
    return DynamoCounterStore(table)


@pytest.fixture(params=["tenant", "connection"])
def counter(request: pytest.FixtureRequest) -> Counter:
    name = RandomIds().random()
    return TenantCounter(name, "rest") if request.param == "tenant" else ConnectionCounter(name)


def test_a_window_starts_counts_and_ends(store: CounterStore, counter: Counter) -> None:
    with pytest.raises(NotNowError) as none:
        store.count_up(counter, oldest_start=0)
    assert none.value.window is None
    assert store.start_anew(counter, now=1000, oldest_start=0, expires_at=9000) == Window(1000, 1)
    assert store.count_up(counter, oldest_start=999) == Window(1000, 2)
    with pytest.raises(NotNowError) as running:
        store.start_anew(counter, now=1500, oldest_start=500, expires_at=9000)
    assert running.value.window == Window(1000, 2)
    with pytest.raises(NotNowError) as over:
        store.count_up(counter, oldest_start=1000)
    assert over.value.window == Window(1000, 2)
    assert store.start_anew(counter, now=2000, oldest_start=1000, expires_at=9000) == Window(2000, 1)


def test_of_two_hundred_hits_at_once_a_hundred_are_allowed(store: CounterStore, counter: Counter) -> None:
    limiters = [RateLimiter(store, SystemClock()) for _ in range(4)]

    def hit(number: int) -> bool:
        return limiters[number % 4].hit(counter, limit=100, window_seconds=60).allowed

    with ThreadPoolExecutor(40) as pool:
        assert sum(pool.map(hit, range(200))) == 100


def test_the_time_to_live_is_in_seconds(table: Table) -> None:
    name = RandomIds().random()
    DynamoCounterStore(table).start_anew(TenantCounter(name, "rest"), now=1, oldest_start=0, expires_at=5_001)
    item = table.get(keys.counter(name, "rest"))
    assert item is not None
    assert item["expires_at"] == 6
