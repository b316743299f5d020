"""Rate limits: what is counted, when a window begins, and what a hit costs."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from parlance.errors import UnavailableError
from parlance.http.rate_headers import rate_headers
from parlance.limits.model import Allowance, Window
from parlance.limits.port import ConnectionCounter, Counter, NotNowError, TenantCounter
from parlance.limits.rates import RateLimiter
from tests.fakes.clock import ManualClock
from tests.fakes.limits import MemoryCounterStore

_REST = TenantCounter("tenant_1", "rest")


def _hit(limiter: RateLimiter, counter: Counter = _REST) -> Allowance:
    return limiter.hit(counter, limit=3, window_seconds=60)


def test_a_window_is_anchored_at_its_first_hit() -> None:
    clock = ManualClock()
    limiter = RateLimiter(MemoryCounterStore(), clock)
    clock.advance(17.5)
    assert _hit(limiter) == Allowance(3, 60, remaining=2, reset_seconds=60, allowed=True)
    clock.advance(59.5)
    assert _hit(limiter) == Allowance(3, 60, remaining=1, reset_seconds=1, allowed=True)
    clock.advance(0.5)
    assert _hit(limiter) == Allowance(3, 60, remaining=2, reset_seconds=60, allowed=True)


def test_what_is_over_the_limit_is_refused_until_the_window_ends() -> None:
    clock = ManualClock()
    limiter = RateLimiter(MemoryCounterStore(), clock)
    assert [_hit(limiter).allowed for _ in range(5)] == [True, True, True, False, False]
    assert _hit(limiter).remaining == 0
    clock.advance(60)
    assert _hit(limiter).allowed


def test_a_hit_costs_one_call_once_the_window_is_known() -> None:
    clock, store = ManualClock(), MemoryCounterStore()
    limiter = RateLimiter(store, clock)
    for _ in range(10):
        _hit(limiter)
        clock.advance(13)
    assert store.calls == 10


def test_another_process_learns_the_window_in_one_more_call() -> None:
    clock, store = ManualClock(), MemoryCounterStore()
    _hit(RateLimiter(store, clock))
    other = RateLimiter(store, clock)
    assert _hit(other).remaining == 1
    assert store.calls == 3
    _hit(other)
    assert store.calls == 4


def test_counters_do_not_touch_each_other() -> None:
    limiter = RateLimiter(MemoryCounterStore(), ManualClock())
    for counter in (_REST, TenantCounter("tenant_2", "rest"), TenantCounter("tenant_1", "x"), ConnectionCounter("c")):
        assert _hit(limiter, counter).remaining == 2


def test_only_so_many_windows_are_remembered() -> None:
    store = MemoryCounterStore()
    limiter = RateLimiter(store, ManualClock(), remembered=1)
    _hit(limiter)
    _hit(limiter, ConnectionCounter("c"))
    assert store.calls == 2
    assert _hit(limiter).remaining == 1
    assert store.calls == 4


def test_two_hundred_at_once_find_a_hundred_places() -> None:
    limiter = RateLimiter(MemoryCounterStore(), ManualClock())
    with ThreadPoolExecutor(32) as pool:
        hits = pool.map(lambda _: limiter.hit(_REST, limit=100, window_seconds=60).allowed, range(200))
        assert sum(hits) == 100


class Restless:
    """A store in which the window is never as it was a moment ago."""

    def count_up(self, counter: Counter, *, oldest_start: int) -> Window:
        raise NotNowError(None)

    def start_anew(self, counter: Counter, *, now: int, oldest_start: int, expires_at: int) -> Window:
        raise NotNowError(Window(now, 1))


def test_a_counter_that_will_not_hold_still_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        _hit(RateLimiter(Restless(), ManualClock()))


def test_the_headers_follow_the_draft() -> None:
    headers = rate_headers("rest", Allowance(100, 60, remaining=57, reset_seconds=33, allowed=True))
    assert headers == {
        "RateLimit-Policy": '"rest";q=100;w=60',
        "RateLimit": '"rest";r=57;t=33',
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "57",
        "X-RateLimit-Reset": "33",
    }
