"""Every failure has its words, and no more than a stranger may know."""

import pytest

from parlance.errors import (
    AgentError,
    BudgetExceededError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)
from parlance.http.answers import NoMethodError, NoRouteError
from parlance.storage.failures import ContendedError
from parlance.widget.errors import explain, words_of

CASES: list[tuple[Exception, int, str]] = [
    (InvalidInputError("secret"), 400, "Invalid request payload"),
    (UnauthenticatedError("secret"), 401, "Unauthorized"),
    (ForbiddenError("secret"), 403, "Origin not allowed"),
    (NotFoundError("chat"), 404, "Not found"),
    (NoRouteError(), 404, "Not found"),
    (NoMethodError(["POST"]), 405, "Method not allowed"),
    (ConflictError("secret"), 409, "Idempotency key already used for another message"),
    (BudgetExceededError("secret"), 429, "Too many requests"),
    (RateLimitedError("secret", retry_after=7), 429, "Too many requests"),
    (AgentError("secret"), 500, "Internal server error"),
    (KeyError("secret"), 500, "Internal server error"),
    (UnavailableError("secret"), 503, "Service unavailable"),
    (ContendedError("secret"), 503, "Service unavailable"),
]


@pytest.mark.parametrize(("error", "status", "words"), CASES, ids=lambda value: type(value).__name__)
def test_status_and_words(error: Exception, status: int, words: str) -> None:
    answer = explain(error)
    assert (answer.status, answer.body) == (status, {"error": words})
    assert words_of(error) == words
