"""Every failure in the platform dialect's words.

Clients read `message` and `code` at the top; the nested `error` repeats them for those who were told of that form.
"""

from dataclasses import dataclass

from parlance.errors import (
    AgentError,
    BudgetExceededError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ParlanceError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.faults import log_fault
from parlance.platform.paths import CORS_HEADERS
from parlance.storage.table import ContendedError, UnansweredError


class NotImplementedHereError(ParlanceError):
    """An action that would need a foreign service."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as clients are told of it."""

    status: int
    code: str
    message: str

    def envelope(self) -> dict[str, object]:
        told = {"message": self.message, "code": self.code}
        return {**told, "error": told}


# From the particular to the general: the first that fits is taken.
_KNOWN: tuple[tuple[type[Exception], int, str], ...] = (
    (TooLargeError, 413, "CONTENT_TOO_LARGE"),
    (InvalidInputError, 400, "BAD_REQUEST"),
    (UnauthenticatedError, 401, "NOT_AUTHENTICATED"),
    (ForbiddenError, 403, "NOT_AUTHORIZED"),
    (NotFoundError, 404, "NOT_FOUND"),
    (ConflictError, 409, "CONFLICT"),
    (RateLimitedError, 429, "TOO_MANY_REQUESTS"),
    (NotImplementedHereError, 501, "NOT_IMPLEMENTED"),
    # Clients send a request again that was answered 5xx, so what may have left a trace is none.
    (AgentError, 400, "MODEL_ERROR"),
    (BudgetExceededError, 402, "BUDGET_EXCEEDED"),
    (UnavailableError, 503, "UNAVAILABLE"),
)


def problem_of(error: Exception) -> Problem:
    """A failure with its status; an unknown one is logged and told with its log entry's id only."""
    match error:
        case NoRouteError():
            return Problem(404, "NOT_FOUND", "Not found")
        case NoMethodError():
            return Problem(405, "METHOD_NOT_ALLOWED", "Method not allowed")
        case ContendedError() | UnansweredError():
            return Problem(503, "UNAVAILABLE", "The service is busy. Try again in a moment.")
    if isinstance(error, ParlanceError):
        for kind, status, code in _KNOWN:
            if isinstance(error, kind):
                return Problem(status, code, error.message)
    return Problem(500, "INTERNAL_SERVER_ERROR", f"Internal server error ({log_fault(error)})")


def explain(error: Exception) -> Answer:
    """The answer to a failure."""
    problem = problem_of(error)
    headers = {"X-Failure-Code": problem.code, **CORS_HEADERS}
    if isinstance(error, NoMethodError):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(error.retry_after)
    return Answer(problem.status, problem.envelope(), headers)
