"""What every call of a model goes through: it is asked for before, and told what came of it."""

from typing import Protocol

from parlance.agents.definitions import ModelChoice
from parlance.agents.models.base import ModelEvent, ModelRequest


class Meter(Protocol):
    """One turn's calls of models, one after another: those of fallbacks, of rounds with tools, and of agents asked."""

    def asks(self, choice: ModelChoice, request: ModelRequest) -> None:
        """Before a model is called. Raises BudgetExceededError, ContendedError, UnansweredError: then it is not."""
        ...

    def hears(self, event: ModelEvent) -> None:
        """What the model that was asked last has answered."""
        ...


class _Unmetered:
    def asks(self, choice: ModelChoice, request: ModelRequest) -> None:
        pass

    def hears(self, event: ModelEvent) -> None:
        pass


UNMETERED: Meter = _Unmetered()
