"""User tokens: the whole rule of `/jwt/verifyToken`, and whose login sessions end over it."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parlance_cli.deployment import Deployment
from parlance_cli.identity import operations as identity
from tests.local.cloud import LocalCloud
from tests.system.kosmos import Client, Tenancy

pytestmark = [pytest.mark.system, pytest.mark.anyio]

REFUSED = {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"}
HOUR = 3600


@dataclass(frozen=True)
class SignedIn:
    """The tenant's user with two login sessions."""

    deployment: Deployment
    tenancy: Tenancy
    session: str
    other_session: str

    @property
    def live(self) -> int:
        """How many of the user's sessions live."""
        return len(identity.list_login_sessions(self.deployment, self.tenancy.tenant_id, self.tenancy.user_id))

    def token(self, **changes: Any) -> str:
        return self.tenancy.token(self.session, **changes)


@pytest.fixture
def ada(deployment: Deployment, tenancy: Tenancy) -> SignedIn:
    first, second = (
        identity.create_login_session(deployment, tenancy.tenant_id, tenancy.user_id, seconds=HOUR).id for _ in range(2)
    )
    return SignedIn(deployment, tenancy, first, second)


@pytest.mark.parametrize("sealed", [True, False])
async def test_whom_a_token_belongs_to(ada: SignedIn, *, sealed: bool) -> None:
    async with ada.tenancy.client() as client:
        told = await client.verify(ada.token(), sealed=sealed)
    assert told["user"]["id"] == ada.tenancy.user_id
    assert told["user"]["username"] == ada.tenancy.username
    assert told["tenant"]["id"] == ada.tenancy.tenant_id
    assert told["community"]["id"] == ada.tenancy.community_id
    assert told["permissions"] == ["chatbot"]
    assert ada.live == 2


async def test_a_seeded_token_lets_its_user_in(cloud: LocalCloud, tenancy: Tenancy) -> None:
    async with tenancy.client() as client:
        for known in (cloud.credentials, cloud.credentials["second_tenant"]):
            told = await client.verify(known["user_token"])
            assert told["tenant"]["id"] == known["tenant_id"]


TIED: dict[str, Callable[[SignedIn], str]] = {
    "expired": lambda ada: ada.token(iat=int(time.time()) - HOUR, exp=int(time.time()) - 60),
    "without an end": lambda ada: ada.token(without=["exp"]),
    "not valid yet": lambda ada: ada.token(nbf=int(time.time()) + HOUR),
    "of a session that there is not": lambda ada: ada.tenancy.token("login_none"),
    "of no session": lambda ada: ada.token(without=["sid"]),
}
"""Tokens that their issuer signed for us and that name a user, but that let nobody in."""


@pytest.mark.parametrize("kind", TIED)
async def test_a_genuine_token_that_fails_ends_all_sessions_of_its_user(ada: SignedIn, kind: str) -> None:
    good = ada.token()
    async with ada.tenancy.client() as client:
        await client.verify(good)
        assert await client.verify(TIED[kind](ada), 401) == REFUSED
        assert ada.live == 0
        assert await client.verify(good, 401) == REFUSED
        again = identity.create_login_session(ada.deployment, ada.tenancy.tenant_id, ada.tenancy.user_id, seconds=HOUR)
        assert (await client.verify(ada.tenancy.token(again.id)))["user"]["id"] == ada.tenancy.user_id


def _unsigned(ada: SignedIn) -> str:
    return jwt.encode(jwt.decode(ada.token(exp=1), options={"verify_signature": False}), "", algorithm="none")


UNTIED: dict[str, Callable[[SignedIn], str]] = {
    "no token": lambda _: "odd",
    "empty parts": lambda _: "..",
    "unsigned": _unsigned,
    "signed by somebody else": lambda ada: ada.token(key="x" * 43, exp=1),
    "of an unknown issuer": lambda ada: ada.token(iss="urn:nobody", exp=1),
    "of an unknown tenant": lambda ada: ada.token(tid="nobody", exp=1),
    "for another audience": lambda ada: ada.token(aud="another", exp=1),
    "for nobody": lambda ada: ada.token(sub="nobody", exp=1),
    "cut short": lambda ada: ada.token(exp=1)[:-4],
    "too long": lambda ada: ada.token(note="x" * 9000, exp=1),
    "with a user that is none": lambda ada: ada.token(without=["sub"], exp=1),
}
"""What no valid signature ties to a user of ours."""


@pytest.mark.parametrize("kind", UNTIED)
async def test_a_token_that_is_not_tied_to_a_user_ends_nothing(ada: SignedIn, kind: str) -> None:
    async with ada.tenancy.client() as client:
        assert await client.verify(UNTIED[kind](ada), 401) == REFUSED
        assert ada.live == 2
        await client.verify(ada.token())


async def test_another_tenants_token_ends_nothing_here(ada: SignedIn, build_tenancy: Callable[..., Tenancy]) -> None:
    """Not even when that tenant has registered our issuer's name, and has a user of the same id."""
    mallory = build_tenancy()
    stolen = identity.add_secret_issuer(ada.deployment, mallory.tenant_id, ada.tenancy.issuer, "parlance")
    async with ada.tenancy.client() as client:
        for forged in (
            ada.token(key=mallory.issuer_secret, iss=mallory.issuer, exp=1),
            ada.token(key=stolen.secret, exp=1),
            ada.token(key=stolen.secret, tid=mallory.tenant_id),
            mallory.token(ada.session),
        ):
            assert await client.verify(forged, 401) == REFUSED
        assert ada.live == 2


async def test_a_disabled_user_is_not_let_in(ada: SignedIn) -> None:
    tenancy = ada.tenancy
    async with tenancy.client() as client:
        identity.disable_user(ada.deployment, tenancy.tenant_id, tenancy.user_id)
        assert await client.verify(ada.token(), 401) == REFUSED
        identity.enable_user(ada.deployment, tenancy.tenant_id, tenancy.user_id)
        assert await client.verify(ada.token(), 401) == REFUSED
        session = identity.create_login_session(ada.deployment, tenancy.tenant_id, tenancy.user_id, seconds=HOUR)
        await client.verify(tenancy.token(session.id))


async def test_without_the_permission_nobody_chats(tenancy: Tenancy, deployment: Deployment) -> None:
    bob = identity.create_user(deployment, tenancy.tenant_id, "Bob", permissions=["read"])
    session = identity.create_login_session(deployment, tenancy.tenant_id, bob.id, seconds=HOUR)
    async with tenancy.client() as client:
        assert await client.verify(tenancy.token(session.id, sub=bob.id), 401) == REFUSED
    assert identity.list_login_sessions(deployment, tenancy.tenant_id, bob.id) == []


async def test_another_users_session_is_none_of_mine(ada: SignedIn) -> None:
    bob = identity.create_user(ada.deployment, ada.tenancy.tenant_id, "Bob")
    async with ada.tenancy.client() as client:
        assert await client.verify(ada.token(sub=bob.id), 401) == REFUSED
        await client.verify(ada.token())


async def test_a_token_is_verified_once_for_each_request_id(ada: SignedIn) -> None:
    """A captured verification tells its thief nothing, and ends nothing."""
    async with ada.tenancy.client() as client:
        headers, body = client.signed(), {"data": client.seal({"token": ada.token()})}
        await client.call("POST", "/jwt/verifyToken", headers=headers, json=body)
        await client.call("POST", "/jwt/verifyToken", 401, headers=headers, json=body)
        assert ada.live == 2


@contextmanager
def publishing(keys: list[dict[str, Any]]) -> Iterator[str]:
    """An issuer's keys on this machine, and their address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps({"keys": keys}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it is called by
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_published_keys_and_what_is_tried_with_them(ada: SignedIn) -> None:
    """RS256 and ES256; a token under HMAC with the published key as its secret; a key that was never published."""
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    published: list[dict[str, Any]] = [
        {**jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "rsa"},
        {**jwt.algorithms.ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "ec"},
    ]
    url = f"https://{ada.tenancy.tenant_id}.example"
    with publishing(published) as address:
        identity.add_jwks_issuer(
            ada.deployment, ada.tenancy.tenant_id, url, "parlance", jwks_url=address, algorithms=["RS256", "ES256"]
        )
        async with ada.tenancy.client() as client:
            await client.verify(ada.token(iss=url, key=rsa_key, algorithm="RS256", headers={"kid": "rsa"}))
            await client.verify(ada.token(iss=url, key=ec_key, algorithm="ES256", headers={"kid": "ec"}))
            for forged in forged_tokens(ada, url, rsa_key):
                assert await client.verify(forged, 401) == REFUSED
            assert ada.live == 2
            expired = ada.token(iss=url, key=rsa_key, algorithm="RS256", headers={"kid": "rsa"}, exp=1)
            await expect_end(client, ada, expired)


def forged_tokens(ada: SignedIn, url: str, rsa_key: rsa.RSAPrivateKey) -> Iterator[str]:
    der = rsa_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield under_hmac(ada.token(iss=url, headers={"kid": "rsa"}, exp=1), der)
    stranger = rsa.generate_private_key(65537, 2048)
    yield ada.token(iss=url, key=stranger, algorithm="RS256", headers={"kid": "rsa"}, exp=1)
    yield ada.token(iss=url, key=stranger, algorithm="RS256", headers={"kid": "other"}, exp=1)


def under_hmac(token: str, secret: bytes) -> str:
    """The same token with another signature, which no sound library makes with a public key."""
    said = token.rpartition(".")[0]
    signature = base64.urlsafe_b64encode(hmac.digest(secret, said.encode(), "sha256"))
    return f"{said}.{signature.decode().rstrip('=')}"


async def expect_end(client: Client, ada: SignedIn, token: str) -> None:
    assert await client.verify(token, 401) == REFUSED
    assert ada.live == 0
