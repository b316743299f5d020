"""Counters in memory."""

import threading

from parlance.limits.model import Window
from parlance.limits.port import Counter, NotNowError


class MemoryCounterStore:
    """`parlance.limits.port.CounterStore`. Counts its calls."""

    def __init__(self) -> None:
        self._windows: dict[Counter, Window] = {}
        self._lock = threading.Lock()
        self.calls = 0

    def count_up(self, counter: Counter, *, oldest_start: int) -> Window:
        with self._lock:
            self.calls += 1
            window = self._windows.get(counter)
            if window is None or window.start <= oldest_start:
                raise NotNowError(window)
            return self._put(counter, Window(window.start, window.hits + 1))

    def start_anew(self, counter: Counter, *, now: int, oldest_start: int, expires_at: int) -> Window:
        with self._lock:
            self.calls += 1
            window = self._windows.get(counter)
            if window is not None and window.start > oldest_start:
                raise NotNowError(window)
            return self._put(counter, Window(now, 1))

    def _put(self, counter: Counter, window: Window) -> Window:
        self._windows[counter] = window
        return window
