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
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies
from schemathesis import GenerationMode
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from reference.platform_lists import PAGING
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, Told, an_account
from tests.functions.platform_things import DOCUMENT, LISTENS, Things

EXAMPLES, EXAMPLES_OF_INTEGRATIONS = 6, 2
"""For each operation and way. One engine serves all kinds of integrations, which differ in their fields."""
SEED = 20_261_130
ORIGIN = "https://api.example"
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
CURSOR = re.compile(PAGING[0].schema["pattern"])
"""The only parameter of lists that is refused: what makes no sense of others falls back to their defaults."""
MEANING_COUNTS = re.compile(r"/(complete|completions|receive|dispatch|execute|session/create|sync|trigger|upload)\Z")
"""Whether there is something to answer, read or do, and how large it may be, depends on more than is described."""
FORMATS = {
    "schedule": ("", "hourly", "every 5 minutes", "30 9 * * 1-5", "2030-01-01T09:00:00Z"),
    "time-zone": ("", "UTC", "Europe/London"),
    "data-url": (
        "data:,",
        "data:text/plain;charset=utf-8,caf%C3%A9",
        "data:;base64,dGVh",
        "https://example.com/tea.txt",
    ),
}
"""What the formats are that no standard names."""
for name, examples in FORMATS.items():
    schemathesis.openapi.format(name, strategies.sampled_from(examples))


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
        if request.body is not None and not request.body.strip():  # type: ignore[union-attr]
            # Blanks are no body, which is none that is wrong.
            return
        assert told.status in {501, *range(200, 500)}
        case.validate_response(response_of(told, request), checks=[*CHECKS, *judging(case)])
        if case.method == "GET" and not CURSOR.fullmatch(sent_cursor(request)):
            assert told.status in {400, 404}

    holds()


def judging(case: Any) -> list[Any]:
    """The checks of whether what is allowed is accepted and what is forbidden refused."""
    accepted = [] if MEANING_COUNTS.search(case.path) else [positive_data_acceptance]
    return accepted if case.method == "GET" else [*accepted, negative_data_rejection]


def sent_cursor(request: requests.PreparedRequest) -> str:
    return dict(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)).get("cursor", "")


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
