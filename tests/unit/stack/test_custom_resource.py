"""CloudFormation gets an answer whatever happens."""

import json
from typing import Any

import pytest

from parlance.stack.custom_resource import CustomResource, Properties

EVENT: dict[str, Any] = {
    "RequestType": "Create",
    "RequestId": "request",
    "ResponseURL": "https://cloudformation.example/answer",
    "StackId": "stack",
    "LogicalResourceId": "ServerKeys",
    "ResourceProperties": {"KeyVersion": "1"},
}


class Bench:
    def __init__(self, failure: Exception | None = None) -> None:
        self.worked: list[Properties] = []
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self._failure = failure
        self.resource = CustomResource("keys", self._work, self._put)

    def ask(self, **changed: str) -> dict[str, Any]:
        self.resource(EVENT | changed, None)
        url, answer = self.answers[-1]
        assert url == EVENT["ResponseURL"]
        assert {name: answer[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "ServerKeys",
        }
        return answer

    def _work(self, properties: Properties) -> dict[str, str]:
        self.worked.append(properties)
        if self._failure:
            raise self._failure
        return {"PublicKey": "public"}

    def _put(self, url: str, body: bytes) -> None:
        self.answers.append((url, json.loads(body)))


@pytest.mark.parametrize("changed", [{}, {"RequestType": "Update", "PhysicalResourceId": "keys"}])
def test_creating_and_updating_are_one(changed: dict[str, str]) -> None:
    bench = Bench()
    answer = bench.ask(**changed)
    assert (answer["Status"], answer["Data"], answer["PhysicalResourceId"]) == (
        "SUCCESS",
        {"PublicKey": "public"},
        "keys",
    )
    assert bench.worked == [{"KeyVersion": "1"}]


def test_deleting_does_nothing() -> None:
    bench = Bench()
    assert bench.ask(RequestType="Delete", PhysicalResourceId="keys")["Status"] == "SUCCESS"
    assert bench.worked == []


def test_a_failure_is_told_by_its_kind_alone() -> None:
    answer = Bench(ValueError("a secret")).ask()
    assert answer["Status"] == "FAILED"
    assert "ValueError" in answer["Reason"]
    assert "a secret" not in json.dumps(answer)
