"""A small cache for what is read often and may be a little old."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from parlance.clock import Clock


@dataclass(slots=True)
class _Slot[V]:
    """One key's value; its lock lets one caller load while the others wait for the result."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: tuple[V, float] | None = None


class TimedCache[K: Hashable, V]:
    """Keeps at most `size` values, each for at most `ttl` seconds (None: for as long as there is room).

    Thread-safe. Each value is loaded once, however many ask for it at the same time. Failures are not kept.
    """

    def __init__(self, load: Callable[[K], V], clock: Clock, *, ttl: float | None, size: int) -> None:
        self._load = load
        self._clock = clock
        self._ttl = ttl
        self._size = size
        self._lock = threading.Lock()
        self._slots: OrderedDict[K, _Slot[V]] = OrderedDict()

    def get(self, key: K) -> V:
        slot = self._slot(key)
        with slot.lock:
            if slot.loaded is None or self._is_old(slot.loaded[1]):
                began = self._clock.monotonic()
                slot.loaded = (self._load(key), began)
            return slot.loaded[0]

    def _is_old(self, loaded_at: float) -> bool:
        return self._ttl is not None and self._clock.monotonic() - loaded_at >= self._ttl

    def _slot(self, key: K) -> _Slot[V]:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self._size:
                self._slots.popitem(last=False)
            return slot
