"""The ten endpoints of the identity dialect, as the deployed stack answers them."""

import base64
import re
from typing import Any
from urllib.parse import quote

import pytest

from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations as identity
from tests.local.cloud import LocalCloud
from tests.system.kosmos import KeyPair, Tenancy, assert_error

pytestmark = [pytest.mark.system, pytest.mark.anyio]

ENVELOPE = "application/vnd.parlance.envelope+json"
ROUTES = [
    ("GET", "/servicekeys"),
    ("DELETE", "/servicekey/abc"),
    ("POST", "/query/agent/default"),
    ("POST", "/ecdsa_helper/encrypt"),
    ("POST", "/ecdsa_helper"),
    ("GET", "/environment"),
    ("POST", "/jwt/verifyToken"),
]
"""Those that ask who calls."""

OPEN_ROUTES = [("GET", "/healthz"), ("GET", "/publickeys"), ("GET", "/sd"), ("GET", "/.well-known")]
PATHS = sorted({path for _, path in ROUTES + OPEN_ROUTES})


async def test_the_key_is_the_same_wherever_it_is_shown(cloud: LocalCloud, tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        key = (await client.call("GET", "/publickeys"))["publicKey"]
        assert await client.call("GET", "/publickeys") == {"publicKey": key}
        assert await client.call("GET", "/.well-known") == {"public_key": key}
        assert (await client.call("GET", "/healthz"))["publicKey"] == key
    assert len(base64.b64decode(key, validate=True)) == 64
    assert key == cloud.credentials["server_public_key"]


async def test_the_health_names_the_build(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        health = await client.call("GET", "/healthz")
    assert set(health) == {"status", "publicKey", "code", "version"}
    assert (health["status"], health["code"]) == ("all services operational", "200")
    assert re.fullmatch(r"(\S+\.)?[0-9a-f]{7,40}\S*\.\d{10}", health["version"]), health


async def test_the_service_directory_leads_here(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        services = await client.call("GET", "/sd")
        assert services["licenses"]
        assert all(isinstance(url, str) and url.startswith("http") for url in services.values())
        assert (await client.http.get(f"{services['chatapi']}/publickeys")).status_code == 200


async def test_the_environment_is_for_whoever_has_a_license(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        for text in (tenancy.user_license, tenancy.system_license):
            found = await client.call("GET", "/environment", headers={"license": text})
        assert found["EC_CURVE_NAME"] == "secp256k1"
        assert 0 < found["allowed_time_span"] <= 3600
        assert (found["stage"], found["region"]) == ("local", "us-east-1")
        assert found["version"] == (await client.call("GET", "/healthz"))["version"]


async def test_service_keys_plain_and_sealed(tenancy: Tenancy, deployment: Deployment) -> None:
    hawk = identity.create_service_key(deployment, tenancy.tenant_id, "hawk", "two")
    wanted = [
        {"tag": "tests", "keyId": tenancy.key_id, "keySecret": tenancy.key_secret, "type": "ecdsa"},
        {"tag": "two", "keyId": hawk.key_id, "keySecret": hawk.secret, "type": "hawk"},
    ]
    async with tenancy.client() as client:
        assert await client.service_keys() == wanted
        sealed = await client.call("GET", "/servicekeys", headers=client.licensed() | {"Accept": ENVELOPE})
        assert set(sealed) == {"data", "publicKey"}
        assert client.open(sealed) == wanted


async def test_a_tenant_sees_only_its_own_service_keys(tenancy: Tenancy, cloud: LocalCloud) -> None:
    async with tenancy.client() as client:
        [mine] = await client.service_keys()
        other = cloud.credentials["license_key"]
        theirs = await client.call("GET", "/servicekeys", headers=client.licensed(other))
        assert mine["keyId"] not in {key["keyId"] for key in theirs}
        path = f"/servicekey/{quote(mine['keyId'], safe='')}"
        await client.call("DELETE", path, 404, headers=client.licensed(other))
        assert await client.service_keys() == [mine]


@pytest.mark.parametrize(("method", "path"), [("GET", "/servicekeys"), ("DELETE", "/servicekey/abc")])
async def test_service_keys_need_a_license_of_the_level_system(tenancy: Tenancy, method: str, path: str) -> None:
    async with tenancy.client() as client:
        await client.call(method, path, 403, headers=client.licensed(tenancy.user_license))


@pytest.mark.parametrize("sealed", [True, False])
async def test_a_helper_seals_and_opens(tenancy: Tenancy, *, sealed: bool) -> None:
    """It is on in the local run. What it seals, others open, and the other way round."""
    ours, theirs = KeyPair(), KeyPair()
    keys = {"publicKey": theirs.public, "privateKey": ours.private}
    async with tenancy.client() as client:
        for path in ("/ecdsa_helper", "/ecdsa_helper/encrypt"):
            name = "data" if sealed else "dataStr"
            made = await client.call("POST", path, headers=tenancy.service, json={name: "Grüße", **keys})
            assert theirs.open(made["data"], ours.public) == "Grüße"
            assert made["publicKey"] == theirs.public
        asked = {"data": theirs.seal("Ahoi", ours.public), **keys}
        opened = await client.call("POST", "/ecdsa_helper/decrypt", headers=tenancy.service, json=asked)
        assert opened["data"] == "Ahoi"
        await client.call("POST", "/ecdsa_helper/sign", 400, headers=tenancy.service, json=asked)
        await client.call("POST", "/ecdsa_helper/decrypt", 401, json=asked)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_is_let_in_without_credentials(tenancy: Tenancy, method: str, path: str) -> None:
    async with tenancy.client() as client:
        await client.call(method, path, 401, **({"json": {"data": {}}} if method == "POST" else {}))


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/query", "/query/agent", "/jwt", "/servicekeys/more"])
async def test_paths_and_methods_that_there_are_not(tenancy: Tenancy, path: str) -> None:
    """Every answer has the dialect's error shape, whoever gives it."""
    async with tenancy.client() as client:
        for method in ("PUT", "PATCH") if path in PATHS else ("GET", "POST"):
            answer = await client.http.request(method, path, headers=client.licensed() | tenancy.service)
            assert answer.status_code in {401, 404, 405}, (method, path, answer.status_code)
            assert_error(answer)


NASTY: list[Any] = [None, True, 7, "", "odd", [], [1], {}, {"token": 7}, {"userInput": [1]}, {"data": "x"}]


@pytest.mark.parametrize("path", ["/query/agent/default", "/ecdsa_helper", "/ecdsa_helper/decrypt", "/jwt/verifyToken"])
async def test_bad_input_is_never_our_fault(tenancy: Tenancy, path: str) -> None:
    async with tenancy.client() as client:

        async def refused(**body: Any) -> None:
            headers = tenancy.service | client.signed() | {"content-type": "application/json"}
            answer = await client.http.post(path, headers=headers, **body)
            assert answer.status_code in {400, 401, 413}, (body, answer.status_code, answer.text)
            assert_error(answer)

        for value in NASTY:
            await refused(json=value)
            await refused(json={"data": value})
            await refused(json={"data": client.seal(value)})
        for content in (b"", b"{", b"\xff\xfe", b'{"data": 1e999}', b"[" * 100_000, b'{"data": "\\ud800"}'):
            await refused(content=content)


@pytest.mark.parametrize("path", ["/query/agent/default", "/ecdsa_helper", "/jwt/verifyToken"])
async def test_a_body_that_is_too_large(tenancy: Tenancy, path: str) -> None:
    async with tenancy.client() as client:
        headers = tenancy.service | client.signed()
        await client.call("POST", path, 413, headers=headers, json={"data": "x" * (1024 * 1024)})


@pytest.mark.parametrize("header", ["publickey", "requestid", "licensekey", "license", "keyId", "keySecret"])
@pytest.mark.parametrize("value", ["", "odd", "=", "A" * 88, "x" * 5000, "/+=", "é".encode()])
async def test_bad_headers_are_never_our_fault(tenancy: Tenancy, header: str, value: str | bytes) -> None:
    async with tenancy.client() as client:
        for method, path in (("GET", "/servicekeys"), ("GET", "/environment"), ("POST", "/ecdsa_helper")):
            shown: dict[str, Any] = tenancy.service | client.licensed() | {header: value}
            answer = await client.http.request(method, path, headers=shown)
            assert answer.status_code in {200, 400, 401}, (method, path, answer.status_code, answer.text)
            if answer.status_code >= 400:
                assert_error(answer)


async def test_points_that_are_none_are_refused(tenancy: Tenancy) -> None:
    """Off the curve, the zero point, wrong lengths: in a header, and where the helper is sent them."""
    zero, off = base64.b64encode(bytes(64)).decode(), base64.b64encode(bytes([1]) * 64).decode()
    short = base64.b64encode(bytes([4]) * 63).decode()
    async with tenancy.client() as client:
        for point in (zero, off, short):
            await client.call("GET", "/servicekeys", 401, headers=client.licensed() | {"publickey": point})
            asked = {"data": "x", "publicKey": point, "privateKey": client.keys.private}
            await client.call("POST", "/ecdsa_helper", 400, headers=tenancy.service, json=asked)
        for scalar in (bytes(32), b"\xff" * 32, b"\x01" * 30):
            asked["publicKey"], asked["privateKey"] = client.keys.public, base64.b64encode(scalar).decode()
            await client.call("POST", "/ecdsa_helper", 400, headers=tenancy.service, json=asked)


async def test_headers_come_in_any_casing(tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        for spell in (str.upper, str.title):
            headers = {spell(name): value for name, value in client.licensed().items()}
            assert await client.call("GET", "/servicekeys", headers=headers)


async def test_keys_and_envelopes_in_other_spellings(tenancy: Tenancy) -> None:
    """Unpadded and URL-safe base64, and a public key of 65 bytes or in DER."""
    async with tenancy.client() as client:
        raw = base64.b64decode(client.keys.public)
        der = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a03420004") + raw
        for key in (b"\x04" + raw, der):
            headers = client.licensed() | {"publickey": base64.b64encode(key).decode()}
            assert await client.call("GET", "/servicekeys", headers=headers)
        loose = str.maketrans("+/", "-_", "=")
        headers = {name: value.translate(loose) for name, value in client.licensed().items()}
        assert await client.call("GET", "/servicekeys", headers=headers)
