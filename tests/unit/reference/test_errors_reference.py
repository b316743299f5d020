"""What can go wrong is described: every status of every dialect's table of errors, every code of the WebSocket."""

import json
from collections.abc import Callable

import pytest

from parlance import errors
from parlance.chats.errors import event_problem_of
from parlance.chats.errors import explain as explain_chats
from parlance.conversations import failures
from parlance.conversations.model import Failure
from parlance.http.answers import Answer
from parlance.kosmos.errors import explain as explain_identity
from parlance.platform.errors import explain as explain_platform
from parlance.realtime import events
from parlance.storage.failures import ContendedError, UnansweredError
from parlance.widget.errors import explain as explain_widget
from reference import frames
from reference.chats import CHATS
from reference.identity import IDENTITY
from reference.operations import Dialect
from reference.platform import PLATFORM
from reference.widget import WIDGET


def an(kind: type[errors.ParlanceError]) -> Exception:
    if issubclass(kind, errors.RateLimitedError):
        return kind("Too many.", retry_after=3)
    return kind("chat") if issubclass(kind, errors.NotFoundError) else kind("No.")


FAILURES: list[Exception] = [
    *(
        an(kind)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ParlanceError) and kind is not errors.ParlanceError
    ),
    ContendedError(),
    UnansweredError(),
    ValueError(),
]


@pytest.mark.parametrize(
    ("dialects", "explain", "never"),
    [
        # A good key reaches everything of its tenant, and whatever else there is, is not found.
        ([CHATS], explain_chats, errors.ForbiddenError),
        ([IDENTITY], explain_identity, ()),
        ([WIDGET], explain_widget, ()),
        (PLATFORM, explain_platform, ()),
    ],
    ids=["chats", "identity", "widget", "platform"],
)
def test_every_status_is_described(
    dialects: list[Dialect], explain: Callable[[Exception], Answer], never: type[Exception] | tuple[()]
) -> None:
    described = {
        status
        for dialect in dialects
        for methods in dialect.operations().values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    for failure in FAILURES:
        assert isinstance(failure, never) or str(explain(failure).status) in described, failure


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_every_code_of_the_websocket_is_described(failure: Exception) -> None:
    problem = event_problem_of(failure)
    frames.ErrorEvent.model_validate(json.loads(events.error(problem.code, problem.message, problem.details, now=0)))


@pytest.mark.parametrize(
    "failure", [failures.FAILED, failures.TIMED_OUT, failures.BUSY, failures.REFUSED, failures.TOO_LONG]
)
def test_every_failure_of_a_turn_is_described(failure: Failure) -> None:
    frames.ErrorEvent.model_validate(json.loads(events.error(failure.code, failure.message, {}, now=0)))
