"""Every error of the tree has its word in both tables."""

import pytest

from parlance import errors
from parlance.chats.errors import event_problem_of, explain, problem_of
from parlance.storage.table import ContendedError, UnansweredError

_CONTRACT_CODES = {
    "INVALID_API_KEY", "CHAT_NOT_FOUND", "MISSING_PARAMETER", "INVALID_MESSAGE", "MESSAGE_TOO_LARGE", "RATE_LIMITED",
    "TOO_MANY_CONNECTIONS", "BUDGET_EXCEEDED", "AGENT_ERROR", "AGENT_TIMEOUT", "INTERNAL_ERROR",
}  # fmt: skip


def _subclasses(kind: type[errors.ParlanceError]) -> list[type[errors.ParlanceError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))]


def _example(kind: type[errors.ParlanceError]) -> errors.ParlanceError:
    if kind is errors.NotFoundError:
        return errors.NotFoundError("chat")
    if kind is errors.RateLimitedError:
        return errors.RateLimitedError("slow", retry_after=3)
    return kind("words")


_TREE = [kind for kind in _subclasses(errors.ParlanceError) if kind.__module__ == "parlance.errors"]
_NAMED = [kind for kind in _TREE if kind is not errors.ParlanceError]


@pytest.mark.parametrize("kind", _NAMED)
def test_no_named_error_is_answered_as_unknown(kind: type[errors.ParlanceError]) -> None:
    assert problem_of(_example(kind)).status != 500
    assert event_problem_of(_example(kind)).code in _CONTRACT_CODES


@pytest.mark.parametrize("error", [ContendedError("x"), UnansweredError("x"), errors.UnavailableError("x")])
def test_what_may_work_in_a_moment_says_so(error: Exception) -> None:
    answer = explain(error)
    assert (answer.status, answer.headers) == (503, {"Retry-After": "1"})
    assert event_problem_of(error).code == "INTERNAL_ERROR"


def test_a_missing_thing_is_named() -> None:
    assert problem_of(errors.NotFoundError("agent")).code == "AGENT_NOT_FOUND"
    assert event_problem_of(errors.NotFoundError("message")).code == "INVALID_MESSAGE"
    assert explain(errors.RateLimitedError("slow", retry_after=3)).headers == {"Retry-After": "3"}
