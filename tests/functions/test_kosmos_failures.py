"""What happens when the house itself is broken; and what it writes into its logs, broken or not."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kosmos.agent_query import app as agent_query_app
from functions.kosmos.ecdsa_helper import app as ecdsa_helper_app
from functions.kosmos.environment import app as environment_app
from functions.kosmos.jwt import app as jwt_app
from functions.kosmos.service_keys import app as service_keys_app
from functions.stack.server_keys import app as server_keys_app
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keys import PrivateKey
from tests.functions.kosmos import Identity, Party, call, error_of, server_keys
from tests.functions.logs import captured_logs

APPS: list[Any] = [agent_query_app, ecdsa_helper_app, environment_app, jwt_app, service_keys_app]
_TEXT = "The launch code is 0000."


def forget_configuration() -> None:
    """Have the functions read their environment again."""
    for app in APPS:
        app.group.cache_clear()


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """For tests that configure the functions otherwise."""
    forget_configuration()
    yield monkeypatch
    forget_configuration()


def requests(identity: Identity, party: Party) -> dict[str, dict[str, Any]]:
    """A good request to every endpoint that has something to look up."""
    body = {"data": {"userInput": _TEXT, "token": "a.b.c"}}
    keys = identity.key_headers()
    return {
        "GET /servicekeys": {"headers": party.headers(license=identity.system)},
        "DELETE /servicekey/unknown": {"headers": party.headers(license=identity.system)},
        "POST /jwt/verifyToken": {"headers": party.headers(), "body": body},
        "POST /query/agent/default": {"headers": keys | {"license": identity.user}, "body": body},
        "POST /ecdsa_helper": {"headers": keys, "body": {}},
        "POST /ecdsa_helper/decrypt": {"headers": keys, "body": {}},
        "GET /environment": {"headers": {"license": identity.user}},
    }


def test_a_table_that_is_gone_is_an_error_of_ours(identity: Identity, configured: pytest.MonkeyPatch) -> None:
    sent = requests(identity, identity.party())
    configured.setenv("IDENTITY_TABLE", "no-such-table")
    for request, given in sent.items():
        method, path = request.split()
        reply = call(method, path, **given)
        assert reply.status == 500, request
        assert error_of(reply)["error"] == "Internal Server Error"
        assert "no-such-table" not in reply.text
        assert "err_" in reply.text


def test_a_configured_key_that_is_not_stored_is_an_error_of_ours(
    identity: Identity, configured: pytest.MonkeyPatch
) -> None:
    sent = requests(identity, identity.party())
    configured.setenv("SERVER_PUBLIC_KEY", PrivateKey.generate(Curve.SECP256K1).public_key.text)
    for request in ("GET /servicekeys", "DELETE /servicekey/unknown", "POST /jwt/verifyToken"):
        method, path = request.split()
        reply = call(method, path, **sent[request])
        assert reply.status == 500
        error_of(reply)


def test_a_secret_that_cannot_be_read_is_answered_with_try_again(
    identity: Identity, configured: pytest.MonkeyPatch
) -> None:
    sent = requests(identity, identity.party())
    configured.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    for request in ("GET /servicekeys", "DELETE /servicekey/unknown", "POST /jwt/verifyToken"):
        method, path = request.split()
        reply = call(method, path, **sent[request])
        assert reply.status == 503
        assert error_of(reply)["error"] == "Service Unavailable"
        assert reply.headers["Retry-After"] == "1"


def test_after_a_rotation_clients_go_on_with_the_key_that_they_have(
    identity: Identity, configured: pytest.MonkeyPatch
) -> None:
    old = identity.party()
    new_key = server_keys().ensure(2)
    configured.setenv("SERVER_PUBLIC_KEY", new_key.text)
    for party in (old, Party(new_key, old.key), Party(new_key)):
        assert call("GET", "/servicekeys", headers=party.headers(license=identity.system)).status == 200


def test_logs_hold_no_secret_and_no_text(identity: Identity, configured: pytest.MonkeyPatch) -> None:
    with captured_logs() as written:
        secrets = _busy_day(identity, configured)
    assert "unforeseen failure" in written.getvalue()
    assert "token refused" in written.getvalue()
    for secret in secrets:
        assert secret not in written.getvalue()


def _busy_day(identity: Identity, configured: pytest.MonkeyPatch) -> list[str]:
    """Everything once, good and bad. Returns what must not be written down."""
    party = identity.party()
    account, session, token = identity.signed_in()
    expired = identity.token(account, session, expires_in_ms=-120_000)
    keys = identity.key_headers()
    bearer = {"Authorization": f"Bearer {token}"}
    for good in (token, expired, f"{token[:-2]}AA", _TEXT):
        call("POST", "/jwt/verifyToken", headers=party.headers(), body={"data": {"token": good}})
    call("POST", "/query/agent/default", headers=bearer, body={"data": {"userInput": _TEXT}})
    call("POST", "/query/agent/default", headers=keys | {"license": identity.user}, body={"data": {"userInput": _TEXT}})
    shown = call("GET", "/servicekeys", headers=party.headers(license=identity.system)).body
    call("POST", "/ecdsa_helper", headers=keys, body={"data": _TEXT, "privateKey": party.key.text})
    server_keys_app.resource.cache_clear()
    server_keys().ensure(3)
    sent = requests(identity, party)
    configured.setenv("IDENTITY_TABLE", "no-such-table")
    forget_configuration()
    for request, given in sent.items():
        method, path = request.split()
        call(method, path, **given)
    stored = server_keys()._secret.read() or ""
    privates = [part for part in stored.split('"') if part.endswith("=")]
    assert privates
    return [
        *(token, token.split(".")[2], expired, _TEXT, party.key.text),
        *(identity.system, identity.user, keys["keySecret"], *(key["keySecret"] for key in shown)),
        *privates,
    ]
