"""An agent's models, asked one after another until one answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from parlance.agents.models.base import (
    Cancellation,
    Completed,
    Model,
    ModelBrokenError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRequest,
    ModelThrottledError,
    ModelTimeoutError,
)
from parlance.logs import logger

_OTHERS_MAY_HELP = (
    ModelThrottledError,
    ModelBrokenError,
    ModelTimeoutError,
    ModelInputTooLongError,
    ModelMisconfiguredError,
)
"""Not a refusal: who was refused an answer shall not get it from the next model."""


@dataclass(frozen=True, slots=True)
class Link:
    """A model and the request that is made for it; made late, since most links are never asked."""

    model: Model
    request: Callable[[], ModelRequest]


class Chain:
    """Asks links in their order. One that has begun to speak is not replaced: the user has heard it."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = links

    def stream(self, cancellation: Cancellation) -> Iterator[ModelEvent]:
        """The end names the model that answered. Raises the last link's ModelError."""
        *firsts, last = self._links
        for link in firsts:
            spoken = False
            try:
                for event in self._ask(link, cancellation):
                    spoken = True
                    yield event
            except _OTHERS_MAY_HELP as error:
                if spoken or cancellation.requested:
                    raise
                logger.warning(
                    "falling back to another model", model=link.model.name, error=type(error).__name__, why=str(error)
                )
            else:
                return
        yield from self._ask(last, cancellation)

    def _ask(self, link: Link, cancellation: Cancellation) -> Iterator[ModelEvent]:
        for event in link.model.stream(link.request(), cancellation):
            if isinstance(event, Completed):
                yield replace(event, metadata={"model": link.model.name, **event.metadata})
            else:
                yield event
