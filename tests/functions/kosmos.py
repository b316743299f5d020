"""The identity dialect as its clients use it: its functions, a tenant's credentials, a client's envelopes."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from uuid import uuid4

import boto3

from functions.kosmos.agent_query import app as agent_query_app
from functions.kosmos.ecdsa_helper import app as ecdsa_helper_app
from functions.kosmos.environment import app as environment_app
from functions.kosmos.healthz import app as healthz_app
from functions.kosmos.jwt import app as jwt_app
from functions.kosmos.public_keys import app as public_keys_app
from functions.kosmos.service_directory import app as service_directory_app
from functions.kosmos.service_keys import app as service_keys_app
from functions.kosmos.well_known import app as well_known_app
from parlance.clock import SystemClock
from parlance.ecdsa.curves import Curve
from parlance.ecdsa.keyring import Keyring
from parlance.ecdsa.keys import PrivateKey, PublicKey
from parlance.ecdsa.server_keys import ServerKeys
from parlance.identity.issuers import Issuers, secret_of
from parlance.identity.licenses import AuthLevel, Licenses
from parlance.identity.login_sessions import LoginSession, LoginSessions
from parlance.identity.model import Limits
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeys
from parlance.identity.tokens import sign
from parlance.identity.users import Account, Accounts
from parlance.identity.vault import Vault
from parlance.ids import RandomIds
from parlance.storage.issuers import DynamoIssuerStore
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.secret_text import AwsSecretText
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.vaults import vault_of
from tests.functions import events
from tests.functions.cloud import WIDE, Cloud, House, Reply
from tests.functions.described import hold_against_description

SECRET = "server-keys"
SPAN = 60
ISSUER, AUDIENCE = "https://issuer.example", "chat"
HOUR_MS = 3_600_000
_CURVE = Curve.SECP256K1

GROUPS: Mapping[str, Any] = {
    "servicekeys": service_keys_app,
    "servicekey": service_keys_app,
    "query": agent_query_app,
    "jwt": jwt_app,
    "ecdsa_helper": ecdsa_helper_app,
    "environment": environment_app,
    "healthz": healthz_app,
    "publickeys": public_keys_app,
    ".well-known": well_known_app,
}


def environment() -> dict[str, str]:
    """What the functions are told of a deployment whose server key has just been made."""
    secrets, kms = boto3.client("secretsmanager"), boto3.client("kms")
    secrets.create_secret(Name=SECRET)
    vault_key = kms.create_key()["KeyMetadata"]["Arn"]
    secrets.close()
    kms.close()
    return {
        "STAGE": "test",
        "EC_CURVE_NAME": _CURVE.value,
        "ALLOWED_TIME_SPAN": str(SPAN),
        "SERVER_KEYS_SECRET": SECRET,
        "SERVER_PUBLIC_KEY": server_keys().ensure(1).text,
        "VAULT_KEY": vault_key,
        "ECDSA_HELPER": "enabled",
        "JWKS_OVER_LOOPBACK": "refused",
    }


@cache
def vault() -> Vault:
    return vault_of(os.environ["VAULT_KEY"], SystemClock())


def server_keys() -> ServerKeys:
    return ServerKeys(AwsSecretText(SECRET), _CURVE)


def call(method: str, path: str, **sent: Any) -> Reply:
    """A request to whichever function answers at that path of the dialect, with an answer as it is described."""
    group = path.removeprefix("/").partition("/")[0]
    answer: dict[str, Any] = GROUPS.get(group, service_directory_app).handler(
        events.rest(method, f"/chatapi{path}", **sent), events.Context()
    )
    # Two kinds of groups, two ways to say headers.
    several = {name: values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
    headers = {name.title(): value for name, value in (several | answer.get("headers", {})).items()}
    reply = Reply(answer["statusCode"], headers, answer["body"])
    hold_against_description(method, f"/chatapi{path}", reply.status, headers, reply.body)
    return reply


def error_of(reply: Reply) -> Mapping[str, Any]:
    """The body of a refusal, which has the one shape of this dialect."""
    found: Mapping[str, Any] = reply.body
    assert set(found) == {"statusCode", "error", "message"}
    assert found["statusCode"] == reply.status
    assert isinstance(found["error"], str)
    assert isinstance(found["message"], str)
    assert reply.headers["Content-Type"] == "application/json"
    return found


@dataclass(frozen=True)
class Party:
    """A client with a key pair of its own."""

    server: PublicKey
    key: PrivateKey = field(default_factory=lambda: PrivateKey.generate(_CURVE))

    def seal(self, value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return Keyring(self.key).encrypt(text, self.server)

    def open(self, sealed: Mapping[str, Any]) -> Any:
        """What an answer holds, sealed as `{"data", "publicKey"}`."""
        assert set(sealed) == {"data", "publicKey"}
        assert sealed["publicKey"] == self.server.text
        return json.loads(Keyring(self.key).decrypt(sealed["data"], self.server))

    def request_id(self, *, seconds: float = 0, **changed: Any) -> str:
        """`seconds` is how far in the future it says it was made."""
        return self.seal({"appid": "test", "uuid": str(uuid4()), "ts": int(time.time() + seconds)} | changed)

    def headers(self, *, license: str | None = None, request_id: str | None = None) -> dict[str, str]:  # noqa: A002
        sent = {"publickey": self.key.public_key.text, "requestid": request_id or self.request_id()}
        return sent if license is None else sent | {"licensekey": self.seal(license)}


class Identity:
    """A tenant with credentials of every kind, as its administrator makes them."""

    def __init__(self, cloud: Cloud, *, limits: Limits = WIDE) -> None:
        table, clock, ids, secrets = cloud.identity, SystemClock(), RandomIds(), RandomSecrets()
        self.house: House = cloud.house(limits=limits)
        self.tenant_id = self.house.tenant_id
        accounts = DynamoAccountStore(table)
        self.licenses = Licenses(DynamoLicenseStore(table), clock=clock, ids=ids, secrets=secrets)
        self.service_keys = ServiceKeys(DynamoServiceKeyStore(table), vault(), clock=clock, ids=ids, secrets=secrets)
        self.accounts = Accounts(accounts, clock=clock, ids=ids)
        self.sessions = LoginSessions(DynamoLoginSessionStore(table), accounts, clock=clock, ids=ids)
        self.issuers = Issuers(DynamoIssuerStore(table), vault(), clock=clock, ids=ids, secrets=secrets)
        self.issuer = self.issuers.add_secret(self.tenant_id, ISSUER, AUDIENCE).issuer
        self.system = self.license("system")
        self.user = self.license("user")

    def license(self, level: AuthLevel) -> str:
        return self.licenses.create(self.tenant_id, level, level).text

    def party(self) -> Party:
        return Party(server())

    def account(self, **given: Any) -> Account:
        return self.accounts.create(self.tenant_id, **({"username": "ann"} | given))

    def session(self, account: Account) -> LoginSession:
        return self.sessions.create(self.tenant_id, account.id, SystemClock().now() + HOUR_MS)

    def lives(self, session: LoginSession) -> bool:
        return self.sessions.active(session.tenant_id, session.account_id, session.id) is not None

    def token(self, account: Account, session: LoginSession, *, expires_in_ms: int = HOUR_MS) -> str:
        now = SystemClock().now()
        secret = secret_of(self.issuer, vault())
        return sign(self.issuer, secret, account, session, now=now, expires_at=now + expires_in_ms)

    def signed_in(self, **given: Any) -> tuple[Account, LoginSession, str]:
        account = self.account(**given)
        session = self.session(account)
        return account, session, self.token(account, session)

    def key_headers(self) -> dict[str, str]:
        key = self.service_keys.create(self.tenant_id, "ecdsa", "web")
        return {"keyId": key.key_id, "keySecret": key.secret}


def server() -> PublicKey:
    return PublicKey.parse(cast("str", call("GET", "/publickeys").body["publicKey"]), _CURVE)
