"""What every call of a model goes through: it is asked for before, and told what came of it."""

from typing import Protocol

from parlance.agents.definitions import ModelChoice
from parlance.agents.models.base import ModelEvent, ModelRequest


class Meter(Protocol):
    """One turn's calls of models, one after another: those of fallbacks, of rounds with tools, and of agents asked."""

    def asks(self, choice: ModelChoice, request: ModelRequest, *, goes_on: bool = False, depth: int = 0) -> None:
        """Before a model is called. Raises BudgetExceededError, ContendedError, UnansweredError: then it is not.

        With `goes_on` its answer may call tools, so that another call must be affordable, which closes the turn.
        `depth` counts the agents that wait for this one's answer and will want to close theirs after it.
        """
        ...

    def hears(self, event: ModelEvent) -> None:
        """What the model that was asked last has answered."""
        ...


class _Unmetered:
    def asks(self, choice: ModelChoice, request: ModelRequest, *, goes_on: bool = False, depth: int = 0) -> None:
        pass

    def hears(self, event: ModelEvent) -> None:
        pass


UNMETERED: Meter = _Unmetered()
