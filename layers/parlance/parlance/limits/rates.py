"""Requests per window."""

import threading
from collections import OrderedDict

from parlance.clock import Clock
from parlance.errors import UnavailableError
from parlance.limits.model import Allowance, Window
from parlance.limits.port import Counter, CounterStore, NotNowError

_STEPS_MAX = 8
_KEPT_AFTER_END_MS = 3_600_000


class RateLimiter:
    """Counts hits in windows that are anchored at their first hit.

    A hit is one write in the common case: this process remembers when the window it last saw began, and so knows
    whether to count up or to start anew. Where it guesses wrong, the condition says so and the other step follows.
    """

    def __init__(self, store: CounterStore, clock: Clock, *, remembered: int = 10_000) -> None:
        self._store = store
        self._clock = clock
        self._capacity = remembered
        self._starts: OrderedDict[Counter, int] = OrderedDict()
        self._lock = threading.Lock()

    def hit(self, counter: Counter, *, limit: int, window_seconds: int) -> Allowance:
        """Count one request. Raises UnavailableError when the counter will not hold still."""
        return self.allowance(self.count(counter, window_seconds=window_seconds), limit, window_seconds)

    def count(self, counter: Counter, *, window_seconds: int) -> Window:
        """Count one request where the limit is not known yet."""
        now = self._clock.now()
        oldest_start = now - window_seconds * 1000
        start = self._last_start(counter)
        running = start is not None and start > oldest_start
        for _ in range(_STEPS_MAX):
            try:
                window = self._step(counter, now, oldest_start, window_seconds, running=running)
            except NotNowError as error:
                running = error.window is not None and error.window.start > oldest_start
                continue
            self._remember(counter, window.start)
            return window
        raise UnavailableError("The service is busy. Try again in a moment.")

    def allowance(self, window: Window, limit: int, window_seconds: int) -> Allowance:
        left_ms = window.start + window_seconds * 1000 - self._clock.now()
        return Allowance(
            limit=limit,
            window_seconds=window_seconds,
            remaining=max(0, limit - window.hits),
            reset_seconds=min(window_seconds, max(1, -(-left_ms // 1000))),
            allowed=window.hits <= limit,
        )

    def _step(self, counter: Counter, now: int, oldest_start: int, window_seconds: int, *, running: bool) -> Window:
        if running:
            return self._store.count_up(counter, oldest_start=oldest_start)
        expires_at = now + window_seconds * 1000 + _KEPT_AFTER_END_MS
        return self._store.start_anew(counter, now=now, oldest_start=oldest_start, expires_at=expires_at)

    def _last_start(self, counter: Counter) -> int | None:
        with self._lock:
            return self._starts.get(counter)

    def _remember(self, counter: Counter, start: int) -> None:
        with self._lock:
            self._starts[counter] = start
            self._starts.move_to_end(counter)
            while len(self._starts) > self._capacity:
                self._starts.popitem(last=False)
