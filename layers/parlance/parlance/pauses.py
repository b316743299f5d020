"""Pauses between tries of what is contended."""

import random

from parlance.clock import Clock

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5


class Pauses:
    """Growing pauses with full jitter, in seconds: 64 writers that collide once must not collide again in step."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ceiling = _FIRST_PAUSE

    def pause(self) -> None:
        self._clock.sleep(random.uniform(0, self._ceiling))  # noqa: S311 - spreads load, guards nothing
        self._ceiling = min(self._ceiling * 2, _LONGEST_PAUSE)
