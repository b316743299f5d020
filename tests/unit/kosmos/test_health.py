"""The health check asks its dependencies within a bound, and not each time."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from parlance.http.answers import Answer
from parlance.kosmos.health import Check, Health
from tests.fakes.clock import ManualClock


class Bench:
    def __init__(self, bound: float = 5) -> None:
        self.clock = ManualClock()
        self.asked = 0
        self.made = 0
        self.failure: Exception | None = None
        self.release = threading.Event()
        self.release.set()
        self.health = Health(self._checks, public_key="key", version="v1.abc.5", clock=self.clock, bound_seconds=bound)

    def _checks(self) -> Mapping[str, Check]:
        self.made += 1
        return {"tables": self._check, "queue": lambda: None}

    def _check(self) -> None:
        self.asked += 1
        self.release.wait(10)
        if self.failure:
            raise self.failure


def body(answer: Answer) -> Mapping[str, Any]:
    assert isinstance(answer.body, Mapping)
    return answer.body


def test_all_is_well() -> None:
    answer = Bench().health.health()
    assert answer.status == 200
    assert answer.body == {
        "status": "all services operational",
        "publicKey": "key",
        "code": "200",
        "version": "v1.abc.5",
    }


def test_nothing_is_made_before_the_first_question_and_nothing_twice() -> None:
    bench = Bench()
    assert bench.made == 0
    bench.health.health()
    bench.clock.advance(60)
    bench.health.health()
    assert (bench.made, bench.asked) == (1, 2)


def test_an_answer_is_kept_for_ten_seconds() -> None:
    bench = Bench()
    bench.health.health()
    bench.failure = OSError()
    bench.clock.advance(9.9)
    assert bench.health.health().status == 200
    bench.clock.advance(0.2)
    assert bench.health.health().status == 503
    bench.failure = None
    assert bench.health.health().status == 503
    bench.clock.advance(10)
    assert bench.health.health().status == 200


@pytest.mark.parametrize("failure", [OSError("secret"), RuntimeError("secret")])
def test_a_failure_is_named_in_both_shapes(failure: Exception) -> None:
    bench = Bench()
    bench.failure = failure
    answer = bench.health.health()
    found = body(answer)
    assert answer.status == 503
    assert (found["status"], found["code"], found["publicKey"]) == ("services failing: tables", "503", "key")
    assert (found["statusCode"], found["error"], found["message"]) == (503, "Service Unavailable", found["status"])
    assert "secret" not in str(found)


def test_what_does_not_answer_in_time_has_failed() -> None:
    bench = Bench(bound=0.05)
    bench.release.clear()
    try:
        assert body(bench.health.health())["status"] == "services failing: tables"
    finally:
        bench.release.set()
