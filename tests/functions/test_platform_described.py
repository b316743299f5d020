"""Everything that the description of the platform dialect allows and forbids, tried on the functions.

Schemathesis draws requests from the description, such as are allowed and such as are not, always the same ones.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from parlance.platform.declarations import RESOURCES
from reference.openapi import openapi
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, Told, an_account

EXAMPLES = 6
SEED = 20_261_130
ORIGIN = "https://api.example"
CHECKS = [
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    negative_data_rejection,
    positive_data_acceptance,
]
ANSWERED = "/api/v1/conversation/{conversationId}"
"""Whether there is something to answer depends on the conversation, of which a description says nothing."""
LISTENS = "/api/v1/channel/{channelId}/subscribe"
"""Answers when a minute is over, whatever was sent."""


def described() -> list[Any]:
    """The operations, but for their credentials: those are tried elsewhere, and these requests have them."""
    document = deepcopy(openapi())
    for methods in document["paths"].values():
        for operation in methods.values():
            del operation["security"]
    found: list[Any] = [one.ok() for one in schemathesis.openapi.from_dict(document).get_all_operations()]  # type: ignore[union-attr]
    return [one for one in found if one.definition.raw["tags"][0].startswith("Platform") and one.path != LISTENS]


TRIED = [
    (operation, mode)
    for operation in described()
    for mode in GenerationMode
    # Nothing can be wrong with a request that has neither a body nor a cursor.
    if mode is GenerationMode.POSITIVE or operation.body or operation.query
]


class Things:
    """One of each kind that an account may have, made anew where something may have deleted it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._made: dict[str, str] = {}

    def ids(self, path: str) -> dict[str, str]:
        """What stands for the variables of a path."""
        known = {"channelId": "channel_of_the_tests"}
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            kind = path.split("/")[4] if name == "integrationId" else name.removesuffix("Id")
            if name not in known:
                known[name] = self._one(kind, known)
        return {name: value for name, value in known.items() if f"{{{name}}}" in path}

    def forget(self) -> None:
        self._made.clear()

    def _one(self, kind: str, known: Mapping[str, str]) -> str:
        if kind not in self._made:
            make = _MAKERS.get(kind, f"/integration/{kind}/create" if kind not in _NEVER else None)
            self._made[kind] = self._account.made(make.format(**known), _LEAST.get(kind, {})) if make else "nothing"
        return self._made[kind]


_NEVER = {"execution", "doc", "example", "guide", "manual", "report", "tutorial"}
_MAKERS = {
    resource.kind: f"/{resource.path}/create".replace("{parent}", f"{{{resource.parent}Id}}")
    for resource in RESOURCES
    if "create" in resource.calls or resource.kind == "message"
}
_LEAST = {"message": {"type": "user", "text": "Hello"}, "record": {"text": "x"}, "memory": {"text": "x"}}


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


@pytest.fixture(scope="module")
def things(account: Account) -> Things:
    return Things(account)


@pytest.mark.parametrize(("operation", "mode"), TRIED, ids=lambda one: getattr(one, "label", one))
def test_answers_as_described(account: Account, things: Things, operation: Any, mode: GenerationMode) -> None:
    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        case.path_parameters = things.ids(case.path)
        told, request = send(account, case)
        if case.path.endswith(("/delete", "/detach")):
            things.forget()
        if case.path.startswith(ANSWERED) and told.status == 400 and "waits for an answer" in told.text:
            return
        case.validate_response(response_of(told, request), checks=CHECKS)
        assert told.status in {501, *range(200, 500)}

    holds()


def send(account: Account, case: Any) -> tuple[Told, requests.PreparedRequest]:
    """Over the bytes that Schemathesis would put on the wire."""
    request = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
    address = urlsplit(str(request.url))
    body = request.body or b""
    told = account.call(
        case.method,
        address.path,
        headers={"Content-Type": str(request.headers.get("Content-Type", "application/json"))},
        query=dict(parse_qsl(address.query, keep_blank_values=True)) or None,
        raw_body=body if isinstance(body, str) else bytes(body).decode("latin-1"),  # type: ignore[arg-type]
    )
    return told, request


def response_of(told: Told, request: requests.PreparedRequest) -> Response:
    headers = {name.lower(): [value] for name, value in told.headers.items()}
    return Response(told.status, headers, told.text.encode(), request, 0.0, verify=False)
