"""Tokens: who gets in, who does not, and whose sessions end over it."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from parlance.errors import UnavailableError
from parlance.identity.issuers import Issuers
from parlance.identity.jwks import JwksError, KeySets
from parlance.identity.login_sessions import LoginSession, LoginSessions
from parlance.identity.model import Tenant
from parlance.identity.tokens import InvalidTokenError, TokenVerifier, claimed_tenant, sign
from parlance.identity.users import Account, Accounts
from parlance.identity.vault import LocalVault
from parlance.storage.table import UnansweredError
from tests.fakes.clock import START, CountingIds, ManualClock
from tests.fakes.credentials import MemoryAccountStore, MemoryIssuerStore, MemoryLoginSessionStore
from tests.fakes.identity import CountingSecrets, MemoryTenantStore

SECRET_ISSUER = "https://secret.example"
JWKS_ISSUER = "https://keys.example"
AUDIENCE = "chat"
NOW = START / 1000
HOUR = 3600
SKEW = 30
_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())
_STRANGER = rsa.generate_private_key(65537, 2048)
_PUBLIC_PEM = _RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


class Bench:
    """Two tenants that trust the same issuer of secrets under different secrets; both have a user `ann`."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        tenants = MemoryTenantStore()
        vault, ids = LocalVault(bytes(32)), CountingIds()
        for tenant_id in ("t", "t2"):
            tenants.create_tenant(Tenant(tenant_id, "T", 1))
        self.issuer_store = MemoryIssuerStore(tenants)
        self.issuers = Issuers(self.issuer_store, vault, clock=self.clock, ids=ids, secrets=CountingSecrets())
        self.account_store = account_store = MemoryAccountStore(tenants)
        self.session_store = MemoryLoginSessionStore(account_store)
        self.accounts = Accounts(account_store, clock=self.clock, ids=ids)
        self.sessions = LoginSessions(self.session_store, account_store, clock=self.clock, ids=ids)
        self.published: list[dict[str, Any]] | None = [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(_RSA.public_key(), as_dict=True), "kid": "rsa"},
            {**jwt.algorithms.ECAlgorithm.to_jwk(_EC.public_key(), as_dict=True), "kid": "ec"},
        ]
        self.verifier = TokenVerifier(
            self.issuer_store,
            self.sessions,
            vault=vault,
            key_sets=KeySets(self._publish, self.clock),
            clock=self.clock,
            skew=SKEW,
        )
        self.secret = self.issuers.add_secret("t", SECRET_ISSUER, AUDIENCE).secret
        self.secret2 = self.issuers.add_secret("t2", SECRET_ISSUER, AUDIENCE).secret
        self.issuers.add_jwks("t", JWKS_ISSUER, AUDIENCE, jwks_url=f"{JWKS_ISSUER}/k", algorithms=["RS256", "ES256"])
        self.live: dict[tuple[str, str], LoginSession] = {}
        for tenant_id, account_id in (("t", "ann"), ("t", "bob"), ("t2", "ann")):
            self.accounts.create(tenant_id, account_id.title(), account_id=account_id)
            self.begin(tenant_id, account_id)

    def _publish(self, url: str) -> bytes:
        if self.published is None:
            raise JwksError("unreachable")
        return json.dumps({"keys": self.published}).encode()

    def begin(self, tenant_id: str = "t", account_id: str = "ann") -> LoginSession:
        session = self.sessions.create(tenant_id, account_id, self.clock.now() + 24 * HOUR * 1000)
        self.live[tenant_id, account_id] = session
        return session

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Of a good token, with these changed; None takes one out."""
        good = {
            "iss": SECRET_ISSUER,
            "aud": AUDIENCE,
            "tid": "t",
            "sub": "ann",
            "sid": self.live["t", "ann"].id,
            "exp": NOW + HOUR,
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    def token(self, **changed: Any) -> str:
        return signed(self.claims(**changed), self.secret, "HS256")

    def refused(self, token: str | None) -> InvalidTokenError:
        with pytest.raises(InvalidTokenError, match=r"^Invalid token$") as refused:
            self.verifier.verify_or_destroy(token)
        return refused.value

    def ended(self) -> set[tuple[str, str]]:
        """Whose sessions were ended."""
        return {who for who, session in self.live.items() if self.sessions.active(*who, session.id) is None}


def signed(claims: dict[str, Any], key: Any, algorithm: str, **header: Any) -> str:
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm, headers=header or None)


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


# Who gets in.


def test_a_token_with_the_tenants_secret() -> None:
    bench = Bench()
    found = bench.verifier.verify_or_destroy(bench.token(extra="x"))
    assert (found.account.tenant_id, found.account.id) == ("t", "ann")
    assert found.session == bench.live["t", "ann"]
    assert found.claims["extra"] == "x"
    assert bench.ended() == set()


@pytest.mark.parametrize(
    ("key", "algorithm", "header"),
    [(_RSA, "RS256", {"kid": "rsa"}), (_EC, "ES256", {"kid": "ec"}), (_RSA, "RS256", {}), (_EC, "ES256", {})],
)
def test_a_token_with_published_keys(key: Any, algorithm: str, header: dict[str, str]) -> None:
    bench = Bench()
    token = signed(bench.claims(iss=JWKS_ISSUER), key, algorithm, **header)
    assert bench.verifier.verify(token).account.id == "ann"


def test_a_token_as_the_command_line_signs_it() -> None:
    bench = Bench()
    issuer = bench.issuers.of_tenant("t")[1]
    account, session = bench.accounts.get("t", "ann"), bench.live["t", "ann"]
    token = sign(issuer, bench.secret.encode(), account, session, now=START, expires_at=START + HOUR * 1000)
    assert issuer.url == SECRET_ISSUER
    assert bench.verifier.verify(token).session == session


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["other", AUDIENCE]},
        {"exp": NOW - SKEW + 0.001},
        {"nbf": NOW + SKEW, "iat": NOW + SKEW},
        {"nbf": 0, "iat": 0},
        {"exp": 10**30},
        {"exp": int("9" * 400)},
    ],
)
def test_what_is_within_bounds(changed: dict[str, Any]) -> None:
    bench = Bench()
    assert bench.verifier.verify(bench.token(**changed)).account.id == "ann"


# Genuine tokens that fail: they concern their account, whose sessions end.

TIED: list[dict[str, Any]] = [
    {"exp": NOW - SKEW},
    {"exp": 0},
    {"exp": None},
    {"exp": "tomorrow"},
    {"exp": True},
    {"exp": float("inf")},
    {"exp": float("nan")},
    {"exp": -int("9" * 400)},
    {"exp": []},
    {"nbf": NOW + SKEW + 0.001},
    {"nbf": "x"},
    {"nbf": True},
    {"nbf": int("9" * 400)},
    {"iat": NOW + SKEW + 0.001},
    {"iat": {}},
    {"sid": None},
    {"sid": ""},
    {"sid": "login_none"},
    {"sid": 5},
    {"sid": ["x"]},
    {"sid": "x" * 1000},
    {"sid": "ü"},
    {"sid": "\udc80"},
]


@pytest.mark.parametrize("changed", TIED, ids=str)
def test_a_genuine_token_that_fails_ends_the_sessions_of_its_account(changed: dict[str, Any]) -> None:
    bench = Bench()
    error = bench.refused(bench.token(**changed))
    assert error.account is not None
    assert (error.account.tenant_id, error.account.id) == ("t", "ann")
    assert bench.ended() == {("t", "ann")}


@pytest.mark.parametrize("audience", [None, "other", ["other"], [], {AUDIENCE: 1}, 5], ids=str)
def test_a_genuine_token_for_somebody_else_ends_nothing(audience: Any) -> None:
    """Whoever runs another application of the same issuer has tokens of its users; they are no logins here."""
    bench = Bench()
    assert bench.refused(bench.token(aud=audience)).account is None
    assert bench.ended() == set()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 10_000, "ü.ü.ü", "\udc80"])
def test_what_is_no_token_claims_no_tenant(token: str) -> None:
    assert claimed_tenant(token) is None


def test_the_tenant_that_a_token_claims_is_read_unverified() -> None:
    token = Bench().token()
    head, claims, _ = token.split(".")
    assert claimed_tenant(token) == claimed_tenant(f"{head}.{claims}.AAAA") == "t"


def test_a_session_of_somebody_else_opens_nothing() -> None:
    for other in (("t", "bob"), ("t2", "ann")):
        bench = Bench()
        bench.refused(bench.token(sid=bench.live[other].id))
        assert bench.ended() == {("t", "ann")}


def test_a_session_that_expired_or_was_ended() -> None:
    bench = Bench()
    token = bench.token(exp=NOW + 100 * HOUR)
    bench.clock.advance(24 * HOUR)
    assert bench.refused(token).account
    bench = Bench()
    token = bench.token()
    bench.sessions.destroy_all("t", "ann")
    assert bench.refused(token).account


def test_a_disabled_account_is_refused_also_when_it_has_a_session() -> None:
    bench = Bench()
    token = bench.token()
    bench.accounts.disable("t", "ann")
    assert bench.refused(token).account


def test_a_disabled_account_is_refused_whatever_its_sessions_say() -> None:
    bench = Bench()
    bench.account_store.create(Account("t", "cy", "c", "Cy", "disabled", frozenset({"chatbot"}), START), token="1")
    session = LoginSession("t", "cy", "login_cy", 0, START, START + HOUR * 1000)
    bench.session_store.put(session)
    error = bench.refused(bench.token(sub="cy", sid=session.id))
    assert error.reason == "the account is disabled"


def test_a_published_key_of_an_algorithm_that_is_not_registered() -> None:
    bench = Bench()
    only = "https://only-rs256.example"
    bench.issuers.add_jwks("t", only, AUDIENCE, jwks_url=f"{only}/k", algorithms=["RS256"])
    assert bench.verifier.verify(signed(bench.claims(iss=only), _RSA, "RS256", kid="rsa")).account.id == "ann"
    assert bench.refused(signed(bench.claims(iss=only), _EC, "ES256", kid="ec")).account is None
    assert bench.ended() == set()


def test_an_account_without_the_permission() -> None:
    bench = Bench()
    bench.accounts.create("t", "Cy", account_id="cy", permissions=["other"])
    session = bench.begin("t", "cy")
    token = bench.token(sub="cy", sid=session.id)
    assert bench.verifier.verify(token, permission="other").account.id == "cy"
    bench.refused(token)
    assert bench.ended() == {("t", "cy")}
    bench.accounts.grant("t", "cy", ["chatbot"])
    bench.verifier.verify(bench.token(sub="cy", sid=bench.begin("t", "cy").id))


def test_verifying_alone_ends_nothing() -> None:
    bench = Bench()
    with pytest.raises(InvalidTokenError):
        bench.verifier.verify(bench.token(exp=0))
    assert bench.ended() == set()


# What no valid signature ties to an account ends nobody's sessions.


def forgeries(bench: Bench) -> dict[str, str | None]:
    good, claims = bench.token(), bench.claims()
    from_keys = bench.claims(iss=JWKS_ISSUER)
    header, payload, signature = good.split(".")
    confused = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(from_keys)}"
    return {
        "nothing": None,
        "empty": "",
        "garbage": "x.y.z",
        "dots": "..",
        "two parts": f"{header}.{payload}",
        "four parts": f"{good}.x",
        "not ascii": good + "ü",
        "surrogate": "\udc80",
        "a space": f" {good}",
        "huge": signed(bench.claims(pad="x" * 9000), bench.secret, "HS256"),
        "deep": f"{header}.{part(b'[' * 5000)}.{signature}",
        "no object": f"{header}.{part([1])}.{signature}",
        "no signature": f"{header}.{payload}.",
        "another signature": f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "claims of another": f"{header}.{part(bench.claims(sub='bob'))}.{signature}",
        "none": f"{part({'alg': 'none'})}.{payload}.",
        "None": f"{part({'alg': 'None'})}.{payload}.",
        "no algorithm": f"{part({})}.{payload}.{signature}",
        "algorithm of no type": f"{part({'alg': ['HS256']})}.{payload}.{signature}",
        "HS384": signed(claims, bench.secret * 2, "HS384"),
        "HS512": signed(claims, bench.secret * 2, "HS512"),
        "wrong secret": signed(claims, "x" * 43, "HS256"),
        "empty secret": f"{header}.{payload}.{part(hmac.digest(b'', f'{header}.{payload}'.encode(), 'sha256'))}",
        "secret of the other tenant": signed(claims, bench.secret2, "HS256"),
        "expired, wrong secret": signed(bench.claims(exp=0), "x" * 43, "HS256"),
        "RS256 at the secret's issuer": signed(claims, _RSA, "RS256", kid="rsa"),
        "HS256 at the keys' issuer": signed(from_keys, bench.secret, "HS256", kid="rsa"),
        "public key as secret": f"{confused}.{part(hmac.digest(_PUBLIC_PEM, confused.encode(), 'sha256'))}",
        "stranger's key": signed(from_keys, _STRANGER, "RS256", kid="rsa"),
        "stranger's key, brought along": signed(
            from_keys,
            _STRANGER,
            "RS256",
            jwk=jwt.algorithms.RSAAlgorithm.to_jwk(_STRANGER.public_key(), as_dict=True),
            jku="https://evil.example/keys",
        ),
        "unknown key": signed(from_keys, _RSA, "RS256", kid="unknown"),
        "key of the other algorithm": signed(from_keys, _EC, "ES256", kid="rsa"),
        "key id of no type": f"{part({'alg': 'RS256', 'kid': 5})}.{payload}.{signature}",
        "critical extension": signed(claims, bench.secret, "HS256", crit=["exp"], exp=1),
        "unencoded payload": f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}..{signature}",
        "unknown issuer": bench.token(iss="https://evil.example"),
        "issuer of the other tenant": signed(bench.claims(iss=JWKS_ISSUER, tid="t2"), _RSA, "RS256", kid="rsa"),
        "foreign tenant": bench.token(tid="t2"),
        "unknown tenant": bench.token(tid="nobody"),
        "unknown user": bench.token(sub="nobody"),
        **{f"{name} {value!r:.20}": bench.token(**{name: value}) for name in ("iss", "tid", "sub") for value in ODD},
    }


ODD: list[Any] = [None, "", 5, True, [], {}, "x" * 1000, "\udc80", "a#b", "t\n", "ann "]


@pytest.mark.parametrize("name", list(forgeries(Bench())))
def test_what_nothing_ties_to_an_account_ends_no_sessions(name: str) -> None:
    bench = Bench()
    error = bench.refused(forgeries(bench)[name])
    assert error.account is None
    assert bench.ended() == set()


def test_the_other_tenants_issuer_speaks_for_its_own_accounts_only() -> None:
    bench = Bench()
    mine = signed(bench.claims(tid="t2", sid=bench.live["t2", "ann"].id), bench.secret2, "HS256")
    assert bench.verifier.verify(mine).account.tenant_id == "t2"
    bench.refused(signed(bench.claims(tid="t2", exp=0), bench.secret2, "HS256"))
    assert bench.ended() == {("t2", "ann")}


def test_a_removed_issuer_is_forgotten_within_a_minute() -> None:
    bench = Bench()
    token = bench.token()
    for _ in range(3):
        bench.verifier.verify(token)
    assert bench.issuer_store.look_ups == 1
    bench.issuers.remove("t", SECRET_ISSUER)
    bench.clock.advance(60)
    assert bench.refused(token).account is None


# What fails for reasons of ours ends nothing and blames nobody.


def test_an_issuer_that_cannot_be_reached() -> None:
    bench = Bench()
    bench.published = None
    token = signed(bench.claims(iss=JWKS_ISSUER, exp=0), _RSA, "RS256", kid="rsa")
    with pytest.raises(UnavailableError):
        bench.verifier.verify_or_destroy(token)
    assert bench.ended() == set()


def test_an_issuer_store_that_stays_silent() -> None:
    class Silent(MemoryIssuerStore):
        def find(self, tenant_id: str, url: str) -> None:
            raise UnansweredError

    bench = Bench()
    verifier = TokenVerifier(
        Silent(MemoryTenantStore()),
        bench.sessions,
        vault=LocalVault(bytes(32)),
        key_sets=KeySets(lambda _: b"", bench.clock),
        clock=bench.clock,
    )
    with pytest.raises(UnavailableError):
        verifier.verify_or_destroy(bench.token())
    assert bench.ended() == set()


@pytest.mark.parametrize("skew", [-1, 121, float("inf"), float("nan")])
def test_clocks_may_differ_by_two_minutes_at_most(skew: float) -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="clocks"):
        TokenVerifier(
            bench.issuer_store,
            bench.sessions,
            vault=LocalVault(bytes(32)),
            key_sets=KeySets(lambda _: b"", bench.clock),
            clock=bench.clock,
            skew=skew,
        )


def test_nothing_of_a_token_is_printed() -> None:
    bench = Bench()
    found = bench.verifier.verify(bench.token(email="ann@example.com"))
    assert "ann@example.com" not in repr(found)
    assert bench.secret not in repr([bench.verifier, found])
    error = bench.refused(bench.token(exp=0))
    assert "expired" not in str(error)
    assert error.reason == "expired"


def test_a_huge_token_costs_nothing() -> None:
    bench = Bench()
    began = time.monotonic()
    bench.refused("a" * 10_000_000)
    assert time.monotonic() - began < 0.5
    assert bench.issuer_store.look_ups == 0
