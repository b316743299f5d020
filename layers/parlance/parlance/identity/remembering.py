"""Answers of the store that may be believed for a while, so that most requests need no look-up."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from parlance.clock import Clock


@dataclass(frozen=True, slots=True)
class _Answer[V]:
    value: V
    until: float


class Remembered[V]:
    """At most `capacity` answers, each believed for `ttl` seconds; the oldest go first. Thread-safe.

    Whoever asks the store reads `clock.monotonic()` before and hands it in as `asked_at`: what changed while the
    store was answering must not gain the time that it took.
    """

    def __init__(self, clock: Clock, *, ttl: float, capacity: int = 1000) -> None:
        self._clock = clock
        self._ttl = ttl
        self._capacity = capacity
        self._answers: OrderedDict[str, _Answer[V]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, name: str) -> V | None:
        with self._lock:
            answer = self._answers.get(name)
        return answer.value if answer and self._clock.monotonic() < answer.until else None

    def keep(self, name: str, value: V, *, asked_at: float) -> None:
        with self._lock:
            self._answers[name] = _Answer(value, asked_at + self._ttl)
            self._answers.move_to_end(name)
            while len(self._answers) > self._capacity:
                self._answers.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._answers.pop(name, None)
