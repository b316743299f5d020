"""An agent's models, asked one after another until one answers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from parlance.agents.definitions import ModelChoice
from parlance.agents.metering import UNMETERED, Meter
from parlance.agents.models.base import (
    Cancellation,
    Completed,
    Model,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRequest,
    ModelThrottledError,
    ModelTimeoutError,
)
from parlance.errors import BudgetExceededError
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
    choice: ModelChoice
    request: Callable[[], ModelRequest]


class Chain:
    """Asks links in their order. One that has begun to speak is not replaced: the user has heard it.

    `goes_on` and `depth` are what `Meter.asks` wants to know of the call.
    """

    def __init__(
        self, links: Sequence[Link], meter: Meter = UNMETERED, *, goes_on: bool = False, depth: int = 0
    ) -> None:
        self._links = links
        self._meter = meter
        self._goes_on = goes_on
        self._depth = depth

    def stream(self, cancellation: Cancellation) -> Iterator[ModelEvent]:
        """The end names the model that answered; a link that the meter finds too dear is passed over.

        Raises the ModelError of the last link that was asked, BudgetExceededError if none could be, and what else the
        meter raises.
        """
        failure: ModelError | BudgetExceededError | None = None
        for link in self._links:
            spoken = False
            try:
                for event in self._ask(link, cancellation):
                    spoken = True
                    yield event
            except BudgetExceededError as error:
                failure = failure or error
            except _OTHERS_MAY_HELP as error:
                if spoken or cancellation.requested:
                    raise
                failure = error
            else:
                return
            if link is not self._links[-1]:
                logger.warning(
                    "falling back to another model",
                    model=link.model.name,
                    error=type(failure).__name__,
                    why=str(failure),
                )
        if failure is not None:
            raise failure

    def _ask(self, link: Link, cancellation: Cancellation) -> Iterator[ModelEvent]:
        request = link.request()
        self._meter.asks(link.choice, request, goes_on=self._goes_on, depth=self._depth)
        for event in link.model.stream(request, cancellation):
            self._meter.hears(event)
            if isinstance(event, Completed):
                yield replace(event, metadata={"model": link.model.name, **event.metadata})
            else:
                yield event
