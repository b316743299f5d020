"""Time as a constructor argument."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the core reads the time, so that a test can own it."""

    def now(self) -> int:
        """Milliseconds since 1970, UTC. Stored and compared across machines."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards. For durations within one process."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def day_of(milliseconds: int) -> str:
    """The day in UTC, as `2026-11-25`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


def iso(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`: the chats dialect's time format."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
