"""What a limit says about one request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A counted stretch of time: it begins with its first hit and ends when its length has passed."""

    start: int
    hits: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after this request; `reset_seconds` is how long until all of it is back."""

    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int
    allowed: bool
