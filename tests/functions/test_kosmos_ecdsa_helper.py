"""The helper that is sent private keys: on request only, for service keys only."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kosmos.ecdsa_helper import app
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.encoding import encode
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey
from tests.functions.cloud import Reply
from tests.functions.kosmos import Identity, call, error_of
from tests.functions.logs import captured_logs

MINE, THEIRS = PrivateKey.generate(Curve.SECP256K1), PrivateKey.generate(Curve.SECP256K1)
KEYS = {"publicKey": THEIRS.public_key.text, "privateKey": MINE.text}


@pytest.fixture(scope="module")
def headers(identity: Identity) -> dict[str, str]:
    return identity.key_headers()


@pytest.fixture
def disabled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ECDSA_HELPER", "disabled")
    app.group.cache_clear()
    yield
    app.group.cache_clear()


def helped(headers: dict[str, str], body: dict[str, Any], path: str = "") -> Reply:
    return call("POST", f"/ecdsa_helper{path}", headers=headers, body=body)


@pytest.mark.parametrize("path", ["", "/encrypt"])
@pytest.mark.parametrize("name", ["data", "dataStr"])
@pytest.mark.parametrize("text", ["", "Hello", "grüße 🌍", '{"a": 1}'])
def test_encrypts_unless_told_otherwise(headers: dict[str, str], path: str, name: str, text: str) -> None:
    reply = helped(headers, {name: text, **KEYS}, path)
    assert reply.status == 200
    assert set(reply.body) == {"data", "publicKey"}
    assert reply.body["publicKey"] == THEIRS.public_key.text
    assert Keyring(THEIRS).decrypt(reply.body["data"], MINE.public_key) == text


def test_decrypts(headers: dict[str, str]) -> None:
    sealed = Keyring(THEIRS).encrypt("Hello", MINE.public_key)
    reply = helped(headers, {"data": sealed, **KEYS}, "/decrypt")
    assert reply.body == {"data": "Hello", "publicKey": THEIRS.public_key.text}


def test_the_key_is_answered_in_the_spelling_that_we_emit(headers: dict[str, str]) -> None:
    long = encode(b"\x04" + THEIRS.public_key.raw)
    assert helped(headers, {"data": "x", **KEYS, "publicKey": long}).body["publicKey"] == THEIRS.public_key.text


@pytest.mark.parametrize("path", ["/sign", "/Encrypt", "/ENCRYPT", "/%00", "/en%63rypt%20"])
def test_other_methods_of_the_helper_are_bad_requests(headers: dict[str, str], path: str) -> None:
    reply = helped(headers, {"data": "x", **KEYS}, path)
    assert reply.status == 400
    error_of(reply)


@pytest.mark.parametrize("path", ["/encrypt", "/decrypt"])
@pytest.mark.parametrize(
    "changed",
    [{"data": None}, {"data": 5}, {"data": {}}, {"data": "x", "dataStr": "y"}, {"data": "\ud800"}]
    + [{name: value} for name in KEYS for value in (None, 5, "", "x", "AAAA", "A" * 9000, encode(bytes(64)))],
    ids=lambda changed: str(changed)[:40],
)
def test_bad_input_is_a_bad_request(headers: dict[str, str], path: str, changed: dict[str, Any]) -> None:
    reply = helped(headers, {"data": "x", **KEYS} | changed, path)
    assert reply.status == 400
    assert error_of(reply)["error"] == "Bad Request"


@pytest.mark.parametrize("data", ["", "x", "A" * 42, "A" * 88])
def test_what_cannot_be_opened_is_a_bad_request(headers: dict[str, str], data: str) -> None:
    assert helped(headers, {"data": data, **KEYS}, "/decrypt").status == 400


def test_a_body_that_is_too_large(headers: dict[str, str]) -> None:
    assert helped(headers, {"data": "x" * 1_100_000, **KEYS}).status == 413


@pytest.mark.parametrize("name", ["keyId", "keySecret"])
@pytest.mark.parametrize("value", [None, "", "x", "\ud800", "ü", "A" * 9000], ids=lambda value: str(value)[:9])
def test_other_callers_are_refused(headers: dict[str, str], name: str, value: str | None) -> None:
    sent = {key: text for key, text in (headers | {name: value}).items() if text is not None}
    reply = helped(sent, {"data": "x", **KEYS})
    assert reply.status == 401
    error_of(reply)


def test_where_it_is_off_there_is_nothing(headers: dict[str, str], disabled: None) -> None:
    for path in ("", "/encrypt", "/decrypt", "/other"):
        for sent in (headers, {}):
            reply = helped(sent, {"data": "x", **KEYS}, path)
            assert reply.status == 404
            assert error_of(reply)["message"] == "There is nothing at this path."


def test_nothing_of_it_is_logged(headers: dict[str, str]) -> None:
    with captured_logs() as written:
        sealed = helped(headers, {"data": "a text of somebody", **KEYS}).body["data"]
        helped(headers, {"data": sealed, **KEYS, "privateKey": MINE.text[:-4]}, "/decrypt")
    for secret in (MINE.text, MINE.text[:20], "a text of somebody", headers["keySecret"], sealed):
        assert secret not in written.getvalue()
