"""A model that says what it is told to and remembers what it was asked."""

from collections.abc import Iterator, Sequence

from parlance.agents.models.base import Cancellation, Completed, ModelEvent, ModelRequest, TextDelta


class ScriptedModel:
    def __init__(self, events: Sequence[ModelEvent] = (TextDelta("Hi"), Completed(1, 1))) -> None:
        self._events = events
        self.requests: list[ModelRequest] = []

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def retrieves(self) -> bool:
        return False

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        self.requests.append(request)
        yield from self._events
