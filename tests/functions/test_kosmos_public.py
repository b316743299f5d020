"""What everybody may ask: the server's key, the directory, the health check. And the environment, for a license."""

import json
import subprocess
import sys
from typing import Any

import pytest

from functions.kosmos.healthz import app as healthz_app
from local.settings import ROOT
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keys import PublicKey
from tests.functions import events
from tests.functions.cloud import Cloud
from tests.functions.kosmos import SPAN, Identity, call, error_of, server_keys

PATHS = {
    "/servicekeys": "GET",
    "/servicekey/x": "DELETE",
    "/query/agent/default": "POST",
    "/jwt/verifyToken": "POST",
    "/ecdsa_helper": "POST",
    "/ecdsa_helper/encrypt": "POST",
    "/environment": "GET",
    "/healthz": "GET",
    "/publickeys": "GET",
    "/.well-known": "GET",
    "/sd": "GET",
}
OPEN = ["/healthz", "/publickeys", "/.well-known", "/sd"]


def test_both_places_show_the_same_key(identity: Identity) -> None:
    key = call("GET", "/publickeys").body
    assert set(key) == {"publicKey"}
    assert call("GET", "/.well-known").body == {"public_key": key["publicKey"]}
    assert PublicKey.parse(key["publicKey"], Curve.SECP256K1) == server_keys().ensure(1)


def test_the_directory_is_a_flat_map_with_licenses(identity: Identity) -> None:
    found = call("GET", "/sd").body
    assert found["licenses"] == found["chatapi"] == "https://api.example/dev/chatapi"
    assert all(isinstance(url, str) and url.startswith("https://api.example/dev/") for url in found.values())


def test_all_services_are_operational(identity: Identity) -> None:
    reply = call("GET", "/healthz")
    assert reply.status == 200
    assert set(reply.body) == {"status", "publicKey", "code", "version"}
    assert (reply.body["status"], reply.body["code"]) == ("all services operational", "200")
    assert reply.body["publicKey"] == call("GET", "/publickeys").body["publicKey"]


def test_a_dependency_that_fails_is_told(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_TABLE", "no-such-table")
    healthz_app.group.cache_clear()
    try:
        reply = call("GET", "/healthz")
    finally:
        healthz_app.group.cache_clear()
    assert reply.status == 503
    assert (reply.body["status"], reply.body["code"]) == ("services failing: identity", "503")
    assert reply.body["statusCode"] == 503


def test_the_environment_is_for_any_license(identity: Identity) -> None:
    for text in (identity.system, identity.user):
        reply = call("GET", "/environment", headers={"License": text})
        assert reply.status == 200
        assert reply.body == {
            "EC_CURVE_NAME": "secp256k1",
            "allowed_time_span": SPAN,
            "stage": "test",
            "region": "us-east-1",
            "version": "unbuilt",
        }


@pytest.mark.parametrize("text", [None, "", "x", "lk_" + "A" * 43, "x" * 8000, "schlüssel", "\x00", "\ud800"])
def test_the_environment_refuses_other_licenses(identity: Identity, text: str | None) -> None:
    reply = call("GET", "/environment", headers={} if text is None else {"license": text})
    assert reply.status == 401
    assert error_of(reply)["error"] == "Unauthorized"


def test_a_revoked_license_is_refused(identity: Identity) -> None:
    issued = identity.licenses.create(identity.tenant_id, "old", "system")
    identity.licenses.revoke(identity.tenant_id, issued.license.id)
    assert call("GET", "/environment", headers={"license": issued.text}).status == 401


@pytest.mark.parametrize("path", OPEN)
def test_an_open_path_takes_one_method(identity: Identity, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        reply = call(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, "GET")
        assert error_of(reply)["error"] == "Method Not Allowed"


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/jwtx/verifyToken", "/sd/x", "/queries/agent"])
def test_a_path_that_no_group_has(identity: Identity, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        reply = call(method, path)
        assert reply.status == 404
        assert error_of(reply)["error"] == "Not Found"


@pytest.mark.parametrize(("path", "method"), PATHS.items())
@pytest.mark.parametrize(
    "sent",
    [
        {"raw_body": "{"},
        {"raw_body": "[" * 5000},
        {"raw_body": '{"data": "\\ud800"}'},
        {"raw_body": "!", "base64": True},
        {"body": {"data": "\x00"}},
        {"headers": {"publickey": "ÿ", "requestid": "\x00", "keyId": "ü", "keySecret": "ü", "license": "ü"}},
        {"headers": {"Authorization": "Bearer", "publickey": "A" * 8000, "licensekey": "=", "requestid": "AAAA"}},
        {"query": {"sessionId": "\x00"}},
    ],
    ids=range(8),
)
def test_nothing_that_is_sent_breaks_anything(identity: Identity, path: str, method: str, sent: dict[str, Any]) -> None:
    reply = call(method, path, **sent)
    assert reply.status in ({200} if path in OPEN else {401})


@pytest.mark.parametrize("group", ["public_keys", "well_known", "service_directory", "healthz"])
def test_no_aws_sdk_is_imported_where_none_is_needed(cloud: Cloud, group: str) -> None:
    """The health check makes its clients when it first checks, so here it only routes."""
    path = {"public_keys": "publickeys", "well_known": ".well-known", "service_directory": "sd"}.get(group, "nothing")
    script = (
        "import json, sys\n"
        f"from functions.kosmos.{group} import app\n"
        "status = app.handler(json.load(sys.stdin), None)['statusCode']\n"
        "print(status, 'boto3' in sys.modules, 'botocore.session' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(events.rest("GET", f"/chatapi/{path}")),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["404" if group == "healthz" else "200", "False", "False"]
