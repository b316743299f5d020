"""The times of the turn engine, in seconds, and its bounds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """The lease outlives two missed renewals; a stop is seen at the next look.

    Every tenth look is the renewal of the lease, which has to be written anyway. So looking every 0.9 s makes a
    tenth of a second's room for a stop that must be seen within a second, and still costs one call a second.
    """

    lease: float = 30.0
    renew_every: float = 9.0
    look_every: float = 0.9
    chunk_every: float = 0.12
    chunk_bytes: int = 1024
    tick: float = 0.05
    stop_grace: float = 0.5
    turn_limit: float = 600.0
    reply_bytes_max: int = 256 * 1024
    attempts_max: int = 3
    tokens_kept: float = 3600.0
    begin_limit: float = 8.0
    key_kept: float = 24 * 3600.0
    history_max: int = 60

    @property
    def lease_ms(self) -> int:
        return int(self.lease * 1000)
