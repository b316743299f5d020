"""The identity dialect's description says of each endpoint what the page of its statuses says, and its models hold."""

import re
from collections import defaultdict

import pytest
from pydantic import BaseModel

from local.settings import ROOT
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.kosmos.clients import Client
from parlance.kosmos.errors import refusal
from parlance.kosmos.health import Check, Health
from parlance.kosmos.public_keys import PublicKeys
from parlance.kosmos.service_directory import ServiceDirectory
from reference import identity_bodies as bodies
from reference.identity import IDENTITY
from tests.fakes.clock import ManualClock

_PAGE = (ROOT / "docs" / "identity-statuses.md").read_text()
_ROW = re.compile(r"^\|(?P<endpoints>[^|]*)\| (?P<statuses>[\d, ]+) \|", re.MULTILINE)
_KEY = PrivateKey.generate(Curve.SECP256K1)
_CLIENT = Client(_KEY.public_key, Keyring(_KEY))


def test_every_status_is_on_the_page_and_in_the_description() -> None:
    described = {
        (method.upper(), path): {int(status) for status in operation["responses"]}
        for path, methods in IDENTITY.operations().items()
        for method, operation in methods.items()
    }
    # What every path answers to a method that it does not take is nobody's operation.
    listed = {endpoint: statuses - {405} for endpoint, statuses in statuses_of_the_page().items()}
    assert listed == described


def statuses_of_the_page() -> dict[tuple[str, str], set[int]]:
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    endpoints: list[tuple[str, str]] = []
    for row in _ROW.finditer(_PAGE):
        if row["endpoints"].strip():
            endpoints = named_in(row["endpoints"])
        for endpoint in endpoints:
            found[endpoint] |= {int(status) for status in row["statuses"].split(",")}
    return found


def named_in(cell: str) -> list[tuple[str, str]]:
    """`GET /a`, and where it stands alone `/b`, which takes the same method."""
    method, named = "", []
    for text in re.findall(r"`([^`]+)`", cell):
        said, _, path = text.rpartition(" ")
        method = said or method
        named.append((method, f"/chatapi{path}"))
    return named


def answer_of(route: Route[None], event: dict[str, object] | None = None) -> object:
    return route.answer(Request(event or {}), None).body


def health(checks: dict[str, Check]) -> object:
    (route,) = Health(lambda: checks, public_key="key", version="a.1", clock=ManualClock()).routes()
    return answer_of(route)


def fail() -> None:
    raise OSError


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (bodies.IdentityError, refusal(404, "No.").body),
        (bodies.SealedAnswer, _CLIENT.seal({"response": "Hello"})),
        (bodies.Health, health({"table": lambda: None})),
        (bodies.HealthError, health({"table": fail})),
        (bodies.PublicKey, answer_of(PublicKeys("key").routes()[0])),
        (bodies.WellKnownKey, answer_of(PublicKeys("key").well_known_routes()[0])),
        (bodies.Services, answer_of(ServiceDirectory("https://chat.example").routes()[0])),
    ],
)
def test_open_answers_and_errors(model: type[BaseModel], answer: object) -> None:
    model.model_validate(answer)
