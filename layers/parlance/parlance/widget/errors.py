"""Every failure in the widget dialect's words: one line, and no more than the page of a stranger may know."""

from collections.abc import Mapping

from parlance.errors import (
    BudgetExceededError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ParlanceError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)
from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.faults import log_fault
from parlance.storage.table import ContendedError, UnansweredError

BROKEN = "Internal server error"

_WORDS: tuple[tuple[type[ParlanceError], int, str], ...] = (
    (InvalidInputError, 400, "Invalid request payload"),
    (UnauthenticatedError, 401, "Unauthorized"),
    (ForbiddenError, 403, "Origin not allowed"),
    (NotFoundError, 404, "Not found"),
    (ConflictError, 409, "Idempotency key already used for another message"),
    (BudgetExceededError, 429, "Too many requests"),
    (RateLimitedError, 429, "Too many requests"),
    (UnavailableError, 503, "Service unavailable"),
    # A model that failed, foremost.
    (ParlanceError, 500, BROKEN),
)


class PreflightError(Exception):
    """No failure: a browser asks what it may ask. It is answered at the gate, before any key is known."""


def explain(error: Exception) -> Answer:
    """The answer to a failure; an unknown one is logged."""
    match error:
        case PreflightError():
            return Answer(204)
        case NoRouteError():
            return Answer(404, {"error": "Not found"})
        case NoMethodError(allowed=allowed):
            return Answer(405, {"error": "Method not allowed"}, {"Allow": ", ".join(allowed)})
        case ContendedError() | UnansweredError():
            return explain(UnavailableError("The table is busy."))
    status, words = next(((status, words) for kind, status, words in _WORDS if isinstance(error, kind)), (None, BROKEN))
    if status is None:
        log_fault(error)
    return Answer(status or 500, {"error": words}, _headers(error))


def words_of(error: Exception) -> str:
    """The same in the middle of a stream, where no status can be sent any more."""
    body = explain(error).body
    return str(body["error"]) if isinstance(body, Mapping) else BROKEN


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case RateLimitedError(retry_after=seconds):
            return {"Retry-After": str(seconds)}
        case UnavailableError():
            return {"Retry-After": "1"}
    return {}
