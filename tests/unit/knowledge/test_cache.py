"""The cache for what may be a little old."""

import threading

import pytest

from parlance.knowledge.cache import TimedCache
from tests.fakes.clock import ManualClock


class Loader:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, key: str) -> str:
        self.asked.append(key)
        return f"{key}{len(self.asked)}"


def test_a_value_is_kept_until_it_is_too_old() -> None:
    clock, load = ManualClock(), Loader()
    cache = TimedCache(load, clock, ttl=60, size=2)
    assert cache.get("a") == "a1"
    clock.advance(59.9)
    assert cache.get("a") == "a1"
    clock.advance(0.2)
    assert cache.get("a") == "a2"


def test_without_a_ttl_only_room_matters() -> None:
    clock, load = ManualClock(), Loader()
    cache = TimedCache(load, clock, ttl=None, size=2)
    cache.get("a")
    cache.get("b")
    clock.advance(1e9)
    assert cache.get("a") == "a1"
    cache.get("c")
    assert cache.get("a") == "a1", "the one used longest ago goes first"
    assert cache.get("b") == "b4"


def test_a_failure_is_not_kept() -> None:
    outcomes = iter([ValueError("not now"), None])

    def load(key: str) -> str:
        failure = next(outcomes)
        if failure:
            raise failure
        return key

    cache = TimedCache(load, ManualClock(), ttl=60, size=2)
    with pytest.raises(ValueError, match="not now"):
        cache.get("a")
    assert cache.get("a") == "a"


def test_many_who_ask_at_once_load_once() -> None:
    everybody = threading.Barrier(8)
    loading = threading.Event()
    asked = []

    def load(key: str) -> str:
        asked.append(key)
        loading.wait(5)
        return key

    cache = TimedCache(load, ManualClock(), ttl=60, size=2)

    def ask() -> None:
        everybody.wait(5)
        cache.get("a")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    loading.set()
    for thread in threads:
        thread.join(5)
    assert asked == ["a"]
