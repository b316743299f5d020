"""How late this machine is, for tests that measure time by the real clock."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lateness() -> Iterator[list[float]]:
    """By how many seconds this machine wakes a thread too late meanwhile: not the house's doing, and small."""
    late, over = [0.0], threading.Event()

    def sleep() -> None:
        while not over.is_set():
            began = time.monotonic()
            over.wait(0.05)
            late[0] = max(late[0], time.monotonic() - began - 0.05)

    sleeper = threading.Thread(target=sleep, daemon=True)
    sleeper.start()
    try:
        yield late
    finally:
        over.set()
        sleeper.join()
