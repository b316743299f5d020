"""What an endpoint group answers, and how it fails to route. Apart from the group, so that it costs no resolver."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: a JSON object, or a `text` of another type. Neither is no body."""

    status: int
    body: Mapping[str, Any] | Sequence[Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json"


class NoRouteError(Exception):
    """Nothing is at this path."""


class NoMethodError(Exception):
    """Something is at this path, but not for this method."""

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("method not allowed")
        self.allowed = sorted(allowed)
