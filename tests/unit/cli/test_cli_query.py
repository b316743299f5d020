"""The client of the identity dialect, against a server that opens what it is sent."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance_cli.errors import CliError, LocalCloudNotRunningError
from parlance_cli.identity.client import Caller, IdentityClient, Reply
from parlance_cli.identity.query import target_of
from parlance_cli.place import Place
from tests.fakes.clock import START, ManualClock
from tests.unit.cli.conftest import Run

CALLER = Caller("key/+=", "secret", "lk_license", "a.user.token")
SEEDED = {
    "base_url": "http://localhost:8000",
    "license_key": "lk_demo",
    "service_key": {"keyId": "k", "keySecret": "s"},
    "user_token": "t",
}


@dataclass
class Server:
    """Answers every query with what it was asked, in the session that was named."""

    curve: Curve = Curve.SECP256K1
    requests: list[httpx.Request] = field(default_factory=list)
    answer: httpx.Response | None = None
    rotated: bool = False

    def __post_init__(self) -> None:
        self.keyring = Keyring(PrivateKey.generate(self.curve))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path.endswith("/publickeys"):
            return httpx.Response(200, json={"publicKey": self.keyring.public_key.text})
        return self.answer or self._answered(request)

    def opened(self, text: str, request: httpx.Request) -> Any:
        return self.keyring.decrypt(text, PublicKey.parse(request.headers["publickey"], self.curve))

    def _answered(self, request: httpx.Request) -> httpx.Response:
        data = json.loads(request.content)["data"]
        sealed = isinstance(data, str)
        asked = json.loads(self.opened(data, request)) if sealed else data
        said = {"response": f"You said: {asked['userInput']}", "sessionId": asked.get("sessionId", "new")}
        if not sealed:
            return httpx.Response(200, json=said)
        keyring = Keyring(PrivateKey.generate(self.curve)) if self.rotated else self.keyring
        client = PublicKey.parse(request.headers["publickey"], self.curve)
        body = {"data": keyring.encrypt(json.dumps(said), client), "publicKey": keyring.public_key.text}
        return httpx.Response(200, json=body)

    def client(self, caller: Caller = CALLER) -> IdentityClient:
        transport = httpx.MockTransport(self.handle)
        return IdentityClient("https://chat.example/prod/", caller, clock=ManualClock(), transport=transport)


@pytest.mark.parametrize("curve", list(Curve))
def test_a_sealed_question_and_its_sealed_answer(curve: Curve) -> None:
    server = Server(curve)
    reply = server.client().query("gu/ide", {"userInput": "Grüße", "sessionId": "s1"})
    assert reply == Reply("You said: Grüße", "s1")
    request = server.requests[-1]
    assert request.url.raw_path == b"/prod/chatapi/query/agent/gu%2Fide"
    assert b"userInput" not in request.content
    sent = request.headers
    assert (sent["keyId"], sent["keySecret"], sent["license"]) == ("key/+=", "secret", "lk_license")
    assert server.opened(sent["authorization"].removeprefix("Bearer "), request) == "a.user.token"
    signed = json.loads(server.opened(sent["requestid"], request))
    assert signed["ts"] == START // 1000
    assert UUID(signed["uuid"]).version == 4
    assert set(signed) == {"appid", "uuid", "ts"}


def test_each_request_is_signed_anew() -> None:
    server = Server()
    client = server.client()
    for _ in range(2):
        client.query("default", {"userInput": "Hello"})
    first, second = (request for request in server.requests if request.method == "POST")
    uuids = {json.loads(server.opened(one.headers["requestid"], one))["uuid"] for one in (first, second)}
    assert len(uuids) == 2


def test_a_plain_question_and_its_plain_answer() -> None:
    server = Server()
    reply = server.client(Caller(token="a.user.token")).query("default", {"userInput": "Hello"}, plain=True)
    assert reply == Reply("You said: Hello", "new")
    [request] = server.requests
    assert request.headers["authorization"] == "Bearer a.user.token"
    assert not {"publickey", "requestid", "keyid", "keysecret", "license"} & set(request.headers)


def test_an_answer_under_a_newer_key_is_opened() -> None:
    server = Server(rotated=True)
    assert server.client().query("default", {"userInput": "Hello"}).response == "You said: Hello"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(403, json={"statusCode": 403, "error": "Forbidden", "message": "Not yours"}), "Not yours"),
        (httpx.Response(502, text="<html>"), "The server answered with status 502."),
        (httpx.Response(200, json=["odd"]), "The server answered with status 200."),
        (httpx.Response(200, json={"data": "odd", "publicKey": "odd"}), "The server's answer cannot be opened."),
        (httpx.Response(200, json={}), "The server's answer cannot be opened."),
    ],
)
def test_answers_that_are_none(answer: httpx.Response, said: str) -> None:
    with pytest.raises(CliError, match=said):
        Server(answer=answer).client().query("default", {"userInput": "Hello"})


def test_a_plain_answer_of_another_shape() -> None:
    with pytest.raises(CliError, match="not one of the identity dialect"):
        Server(answer=httpx.Response(200, json={"response": 7})).client().query("default", {}, plain=True)


def test_a_server_without_a_key() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"publicKey": None}))
    client = IdentityClient("https://chat.example", CALLER, clock=ManualClock(), transport=transport)
    with pytest.raises(CliError, match="shows no public key"):
        client.query("default", {"userInput": "Hello"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "credentials.json").write_text(json.dumps(SEEDED))
    return Place(state_dir=tmp_path)


def test_the_demo_tenants_credentials_are_the_default(place: Place) -> None:
    assert target_of(place, Caller(), None) == ("http://localhost:8000", Caller("k", "s", "lk_demo", "t"), True)


def test_what_is_named_is_used_alone(place: Place) -> None:
    named = Caller(token="mine")
    assert target_of(place, named, None) == ("http://localhost:8000", named, True)
    assert target_of(place, named, "https://chat.example") == ("https://chat.example", named, False)


def test_the_local_credentials_go_nowhere_else(place: Place) -> None:
    with pytest.raises(CliError, match="Name a user's --token"):
        target_of(place, Caller(), "https://chat.example")


@pytest.mark.parametrize("half", [Caller("k", "s"), Caller("k", None, "l"), Caller(None, "s", "l"), Caller()])
def test_a_service_key_needs_all_its_parts(place: Place, half: Caller) -> None:
    with pytest.raises(CliError, match="Name a user's --token"):
        target_of(place, half, "https://chat.example")


@pytest.mark.parametrize("text", ["t\n", "é", "\x00"])
def test_what_cannot_stand_in_a_header_is_no_credential(place: Place, text: str) -> None:
    with pytest.raises(CliError, match="printable ASCII"):
        target_of(place, Caller(token=text), "https://chat.example")


def test_without_a_local_cloud(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudNotRunningError):
        target_of(Place(state_dir=tmp_path), Caller(), None)
    (tmp_path / "credentials.json").write_text("{}")
    with pytest.raises(LocalCloudNotRunningError):
        target_of(Place(state_dir=tmp_path), Caller(), None)


def test_secrets_stay_out_of_what_is_printed() -> None:
    assert not {"secret", "lk_license", "a.user.token"} & set(repr(CALLER).replace("'", " ").split())


def test_a_server_that_is_not_there(run: Run) -> None:
    result = run("query", "Hello", "--token", "t", "--plain", "--base-url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.startswith("parlance: The server cannot be reached:")
