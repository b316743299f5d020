"""Time and ids that a test owns."""

import itertools
import threading

START = 1_750_000_000_000


class ManualClock:
    """`parlance.clock.Clock` that moves only when it is told to; a sleeper moves it and returns at once."""

    def __init__(self, start: int = START) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._elapsed = 0.0

    def now(self) -> int:
        with self._lock:
            return self._start + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not run backwards")
        with self._lock:
            self._elapsed += seconds


class CountingIds:
    """`parlance.ids.IdSource` whose ids count up, so that a failing test reads the same each time."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    def random(self) -> str:
        with self._lock:
            return f"{next(self._count):024x}"
