"""Why a turn failed, in words that its user may read. What exactly went wrong is the log's to know."""

from parlance.agents.models.base import (
    ModelInputTooLongError,
    ModelRefusedError,
    ModelThrottledError,
    ModelTimeoutError,
)
from parlance.conversations.model import Failure
from parlance.errors import BudgetExceededError

FAILED = Failure("AGENT_ERROR", "The agent could not answer. Try again.")
TIMED_OUT = Failure("AGENT_TIMEOUT", "The agent did not answer in time. Try again.")
BUSY = Failure("AGENT_ERROR", "The agent has too much to do just now. Try again in a moment.")
REFUSED = Failure("AGENT_ERROR", "The agent may not answer this.")
TOO_LONG = Failure("AGENT_ERROR", "This is longer than the agent can read. Say it in fewer words.")


def over_budget(error: BudgetExceededError) -> Failure:
    return Failure("BUDGET_EXCEEDED", error.message)


def failure_of(error: Exception) -> Failure:
    match error:
        case ModelTimeoutError():
            return TIMED_OUT
        case ModelThrottledError():
            return BUSY
        case ModelRefusedError():
            return REFUSED
        case ModelInputTooLongError():
            return TOO_LONG
    return FAILED
