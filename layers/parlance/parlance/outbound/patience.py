"""Gives up on what does not come in time.

A socket's own time-out starts again with every byte, so a server that drips, or sends signs of life and nothing
else, could hold a call for ever. This one is told what counts as progress.
"""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Patience:
    """Calls `give_up` once, on a thread of its own, when the time of the last `expect` has run out."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._give_up = give_up
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._over = False
        self.ran_out = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name="patience", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def expect(self, seconds: float) -> None:
        """The next progress, within so many seconds from now."""
        with self._changed:
            self._deadline = time.monotonic() + seconds
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._over and not self._is_due():
                left = None if self._deadline is None else self._deadline - time.monotonic()
                self._changed.wait(left)
            if self._over:
                return
            self.ran_out = True
        self._give_up()

    def _is_due(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline
