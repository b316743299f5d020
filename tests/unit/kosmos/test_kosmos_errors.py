"""Every failure has one answer, in one shape."""

import pytest

from parlance.ecdsa.errors import InvalidKeyError
from parlance.errors import (
    AgentError,
    AgentTimeoutError,
    BudgetExceededError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from parlance.http.answers import NoMethodError, NoRouteError
from parlance.kosmos.errors import explain
from parlance.storage.table import ContendedError, UnansweredError

CASES: list[tuple[Exception, int, str]] = [
    (InvalidInputError("m"), 400, "Bad Request"),
    (InvalidKeyError("m"), 400, "Bad Request"),
    (UnauthenticatedError("m"), 401, "Unauthorized"),
    (ForbiddenError("m"), 403, "Forbidden"),
    (NotFoundError("agent"), 404, "Not Found"),
    (NoRouteError(), 404, "Not Found"),
    (NoMethodError(["GET"]), 405, "Method Not Allowed"),
    (ConflictError("m"), 409, "Conflict"),
    (TooLargeError("m"), 413, "Payload Too Large"),
    (RateLimitedError("m", retry_after=7), 429, "Too Many Requests"),
    (BudgetExceededError("m"), 429, "Too Many Requests"),
    (KeyError("secret"), 500, "Internal Server Error"),
    (AgentError("m"), 503, "Service Unavailable"),
    (AgentTimeoutError("m"), 503, "Service Unavailable"),
    (UnavailableError("m"), 503, "Service Unavailable"),
    (ContendedError("secret"), 503, "Service Unavailable"),
    (UnansweredError("secret"), 503, "Service Unavailable"),
]


@pytest.mark.parametrize(("error", "status", "name"), CASES, ids=lambda value: type(value).__name__)
def test_status_and_shape(error: Exception, status: int, name: str) -> None:
    answer = explain(error)
    assert isinstance(answer.body, dict)
    assert answer.status == answer.body["statusCode"] == status
    assert answer.body["error"] == name
    assert set(answer.body) == {"statusCode", "error", "message"}
    assert "secret" not in str(answer.body)


def test_what_a_client_needs_besides() -> None:
    assert explain(RateLimitedError("m", retry_after=7)).headers == {"Retry-After": "7"}
    assert explain(UnavailableError("m")).headers == {"Retry-After": "1"}
    assert explain(NoMethodError(["POST", "GET"])).headers == {"Allow": "GET, POST"}
