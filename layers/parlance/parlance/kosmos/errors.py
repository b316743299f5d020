"""Every failure in the identity dialect's words: one table."""

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
from parlance.storage.failures import ContendedError, UnansweredError

_BUSY = "The service is busy. Try again in a moment."
_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

# From the particular to the general: the first that fits is taken.
_STATUSES: tuple[tuple[type[ParlanceError], int], ...] = (
    (TooLargeError, 413),
    (InvalidInputError, 400),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (BudgetExceededError, 429),
    (RateLimitedError, 429),
    # The dialect has no word for a gateway's failures; what a model did not answer, it may answer next time.
    (AgentError, 503),
    (UnavailableError, 503),
)


def explain(error: Exception) -> Answer:
    """The answer to a failure; an unknown one is logged and answered with its log entry's id."""
    match error:
        case NoRouteError():
            return refusal(404, "There is nothing at this path.")
        case NoMethodError(allowed=allowed):
            return refusal(405, "This path does not take this method.", {"Allow": ", ".join(allowed)})
        case ContendedError() | UnansweredError():
            return refusal(503, _BUSY, {"Retry-After": "1"})
        case ParlanceError():
            for kind, status in _STATUSES:
                if isinstance(error, kind):
                    return refusal(status, error.message, _headers(error))
    return refusal(500, f"Something went wrong on our side ({log_fault(error)}).")


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    """An answer in the dialect's error shape."""
    return Answer(status, {"statusCode": status, "error": _NAMES[status], "message": message}, headers or {})


def _headers(error: ParlanceError) -> dict[str, str]:
    match error:
        case RateLimitedError(retry_after=seconds):
            return {"Retry-After": str(seconds)}
        case UnavailableError() | AgentError():
            return {"Retry-After": "1"}
    return {}
