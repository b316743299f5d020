"""Every failure in the chats dialect's words: one table for REST, one for WebSocket events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from parlance.errors import (
    AgentError,
    AgentTimeoutError,
    BudgetExceededError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    MissingParameterError,
    NotFoundError,
    ParlanceError,
    RateLimitedError,
    TooLargeError,
    TooManyConnectionsError,
    UnauthenticatedError,
    UnavailableError,
)
from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.faults import log_fault
from parlance.storage.table import ContendedError, UnansweredError

_BUSY = "The service is busy. Try again in a moment."

# From the particular to the general: the first that fits is taken.
_REST: tuple[tuple[type[ParlanceError], int, str], ...] = (
    (MissingParameterError, 400, "MISSING_PARAMETER"),
    (TooLargeError, 413, "PAYLOAD_TOO_LARGE"),
    (InvalidInputError, 400, "INVALID_PARAMETER"),
    (UnauthenticatedError, 401, "INVALID_API_KEY"),
    (ForbiddenError, 403, "FORBIDDEN"),
    (ConflictError, 409, "CONFLICT"),
    # Not 429: clients try that again by themselves, and trying again does not help.
    (BudgetExceededError, 402, "BUDGET_EXCEEDED"),
    (RateLimitedError, 429, "RATE_LIMITED"),
    (TooManyConnectionsError, 429, "TOO_MANY_CONNECTIONS"),
    (AgentTimeoutError, 504, "AGENT_TIMEOUT"),
    (AgentError, 502, "AGENT_ERROR"),
    (UnavailableError, 503, "UNAVAILABLE"),
)
_EVENT: tuple[tuple[type[ParlanceError], str], ...] = (
    (MissingParameterError, "MISSING_PARAMETER"),
    (TooLargeError, "MESSAGE_TOO_LARGE"),
    (InvalidInputError, "INVALID_MESSAGE"),
    (UnauthenticatedError, "INVALID_API_KEY"),
    (BudgetExceededError, "BUDGET_EXCEEDED"),
    (RateLimitedError, "RATE_LIMITED"),
    (TooManyConnectionsError, "TOO_MANY_CONNECTIONS"),
    (AgentTimeoutError, "AGENT_TIMEOUT"),
    (AgentError, "AGENT_ERROR"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as the client is told of it. `status` counts over HTTP only."""

    status: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    def envelope(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.details:
            body["details"] = dict(self.details)
        return {"error": body}


def explain(error: Exception) -> Answer:
    """The REST answer to a failure; an unknown one is logged and answered with its log entry's id."""
    match error:
        case NoRouteError():
            return Answer(404, Problem(404, "NOT_FOUND", "There is nothing at this path.").envelope())
        case NoMethodError(allowed=allowed):
            problem = Problem(405, "METHOD_NOT_ALLOWED", "This path does not take this method.", {"allowed": allowed})
            return Answer(405, problem.envelope(), {"Allow": ", ".join(allowed)})
    problem = problem_of(error)
    return Answer(problem.status, problem.envelope(), _headers(error))


def problem_of(error: Exception) -> Problem:
    """A failure with its HTTP status."""
    if isinstance(error, ContendedError | UnansweredError):
        return Problem(503, "UNAVAILABLE", _BUSY)
    if isinstance(error, NotFoundError):
        return Problem(404, f"{error.kind.upper()}_NOT_FOUND", error.message, error.details)
    if isinstance(error, ParlanceError):
        for kind, status, code in _REST:
            if isinstance(error, kind):
                return Problem(status, code, error.message, error.details)
    return _unknown(error)


def event_problem_of(error: Exception) -> Problem:
    """A failure as an `error` event."""
    if isinstance(error, ContendedError | UnansweredError | UnavailableError):
        return Problem(503, "INTERNAL_ERROR", _BUSY)
    if isinstance(error, NotFoundError):
        code = "CHAT_NOT_FOUND" if error.kind == "chat" else "INVALID_MESSAGE"
        return Problem(404, code, error.message, error.details)
    if isinstance(error, ConflictError):
        return Problem(409, "INVALID_MESSAGE", error.message, {"reason": "conflict", **error.details})
    if isinstance(error, ParlanceError):
        for kind, code in _EVENT:
            if isinstance(error, kind):
                return Problem(400, code, error.message, error.details)
    return _unknown(error)


def _unknown(error: Exception) -> Problem:
    details = {"error_id": log_fault(error)}
    return Problem(500, "INTERNAL_ERROR", "Something went wrong on our side.", details)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, UnavailableError | ContendedError | UnansweredError):
        return {"Retry-After": "1"}
    return {}
