"""Everything that the description of the platform dialect allows and forbids, tried on the functions.

Schemathesis draws requests from the description, such as are allowed and such as are not, always the same ones.
"""

import re
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

from tests.functions.cloud import Cloud
from tests.functions.platform import Account, Told, an_account
from tests.functions.platform_things import DOCUMENT, LISTENS, Things

EXAMPLES, EXAMPLES_OF_INTEGRATIONS = 6, 2
"""For each operation and way. One engine serves all kinds of integrations, which differ in their fields."""
SEED = 20_261_130
ORIGIN = "https://api.example"
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance, negative_data_rejection]
MEANING_COUNTS = re.compile(r"/(complete|completions|receive|dispatch|execute)\Z")
"""Whether there is something to answer, and can be answered, depends on more than a description says."""


def described() -> list[Any]:
    """The operations, but for their credentials: those are tried elsewhere, and these requests have them."""
    document = deepcopy(DOCUMENT)
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
        max_examples=EXAMPLES_OF_INTEGRATIONS if "/integration/" in operation.path else EXAMPLES,
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
        accepted = [] if MEANING_COUNTS.search(case.path) else [positive_data_acceptance]
        case.validate_response(response_of(told, request), checks=[*CHECKS, *accepted])
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
