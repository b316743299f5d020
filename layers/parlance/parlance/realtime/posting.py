"""Posting a frame with patience."""

import random

from parlance.clock import Clock
from parlance.realtime.port import Management, PostFailedError

_PAUSES = (0.05, 0.2, 0.5)


def post_patiently(management: Management, connection_id: str, frame: bytes, clock: Clock) -> None:
    """Post, and try again briefly where the platform is busy. Raises GoneError, and PostFailedError in the end."""
    for pause in _PAUSES:
        try:
            management.post(connection_id, frame)
        except PostFailedError:
            clock.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads callers, guards nothing
            continue
        return
    management.post(connection_id, frame)
