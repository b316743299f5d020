"""User tokens: JSON Web Tokens of a tenant's issuers, each naming an account and its login session.

| claim | content |
|---|---|
| `iss`, `aud` | the issuer and audience, as they are registered with the tenant |
| `tid` | the tenant |
| `sub` | the account |
| `sid` | the login session |
| `exp` | the end, in seconds; `nbf` and `iat` are checked where they are present |

    token ──look up (tid, iss)──> issuer ──algorithm, signature──> genuine ──aud──> meant for us
          ──sub──> tied to an account ──exp, nbf, iat──> current ──sid──> in a live session
          ──> active, permitted ──> verified

What fails before it is tied is not known to concern anybody: a token that the same issuer signed for another
application is no login here. What fails after concerns that account.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from parlance.clock import Clock
from parlance.errors import UnauthenticatedError
from parlance.identity.issuers import Issuer, IssuerStore, secret_of
from parlance.identity.jwks import KeySets
from parlance.identity.login_sessions import LoginSession, LoginSessions
from parlance.identity.persistence import patiently
from parlance.identity.remembering import Remembered
from parlance.identity.users import CHATBOT, Account
from parlance.identity.vault import Vault

TOKEN_MAX = 8192
"""Characters. API Gateway allows 10,240 bytes of headers in all."""

_TENANT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_SKEW_MAX = 120.0
_REFUSAL = "Invalid token"
_jws = jwt.PyJWS(algorithms=["HS256", "RS256", "ES256"], options={"enforce_minimum_key_length": True})


class InvalidTokenError(UnauthenticatedError):
    """A token that lets nobody in. The message never says why; `reason` does, for the log.

    `account` is set only when a valid signature tied the token to an account of its tenant.
    """

    def __init__(self, reason: str, account: Account | None = None) -> None:
        super().__init__(_REFUSAL)
        self.reason = reason
        self.account = account


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """Who a token belongs to, and what it said."""

    account: Account
    claims: Mapping[str, Any] = field(repr=False)
    session: LoginSession


@dataclass(frozen=True, slots=True)
class _Unverified:
    """What a token says of itself before anything is believed: enough to find the key, and no more."""

    tenant_id: str
    issuer_url: str
    algorithm: str
    kid: str | None


class TokenVerifier:
    """Verifies tokens. Issuers are believed for `ttl` seconds; accounts and sessions are read each time."""

    def __init__(
        self,
        issuers: IssuerStore,
        sessions: LoginSessions,
        *,
        vault: Vault,
        key_sets: KeySets,
        clock: Clock,
        skew: float = 30,
        ttl: float = 60,
    ) -> None:
        if not 0 <= skew <= _SKEW_MAX:
            raise ValueError(f"clocks may differ by 0 to {_SKEW_MAX:g} seconds")
        self._issuers = issuers
        self._sessions = sessions
        self._vault = vault
        self._key_sets = key_sets
        self._clock = clock
        self._skew = skew
        self._known = Remembered[Issuer](clock, ttl=ttl)

    def verify(self, token: str | None, *, permission: str = CHATBOT) -> VerifiedToken:
        """Raises InvalidTokenError; UnavailableError while a store or an issuer's keys cannot be reached."""
        said = _unverified(token)
        issuer = self._issuer(said)
        claims = self._genuine_claims(token or "", said, issuer)
        if not _is_for(claims.get("aud"), issuer.audience):
            raise InvalidTokenError("not for this audience")
        found = self._sessions.find(issuer.tenant_id, _text(claims, "sub"), claims.get("sid"))
        account = found.account
        if account is None:
            raise InvalidTokenError("sub names no account")
        self._check_current(claims, account)
        if found.session is None:
            raise InvalidTokenError("sid names no live login session", account)
        if not account.active:
            raise InvalidTokenError("the account is disabled", account)
        if permission not in account.permissions:
            raise InvalidTokenError("the account has not the permission", account)
        return VerifiedToken(account, claims, found.session)

    def verify_or_destroy(self, token: str | None, *, permission: str = CHATBOT) -> VerifiedToken:
        """The rule of `POST /jwt/verifyToken`: a token that is tied to an account and fails ends all its sessions.

        A token that nothing ties to an account ends none. Raises as `verify` does, and UnavailableError when the
        sessions could not be ended.
        """
        try:
            return self.verify(token, permission=permission)
        except InvalidTokenError as error:
            if error.account is not None:
                self._sessions.destroy_all(error.account.tenant_id, error.account.id)
            raise

    def _issuer(self, said: _Unverified) -> Issuer:
        # Neither part holds a line feed: tenant ids have their alphabet, and registered URLs are printable.
        name = f"{said.tenant_id}\n{said.issuer_url}"
        known = self._known.recall(name)
        if known is not None:
            return known
        asked_at = self._clock.monotonic()
        found = patiently(lambda: self._issuers.find(said.tenant_id, said.issuer_url), self._clock)
        if found is None:
            self._known.forget(name)
            raise InvalidTokenError("the tenant has no such issuer")
        self._known.keep(name, found, asked_at=asked_at)
        return found

    def _genuine_claims(self, token: str, said: _Unverified, issuer: Issuer) -> Mapping[str, Any]:
        """The claims of a token that its issuer signed."""
        if said.algorithm not in issuer.algorithms:
            raise InvalidTokenError("not the issuer's algorithm")
        key = self._key(said, issuer)
        try:
            found = _jws.decode_complete(token, key, algorithms=[said.algorithm])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise InvalidTokenError("the signature is not the issuer's") from error
        claims = _object(found["payload"])
        if claims is None or (claims.get("iss"), claims.get("tid")) != (issuer.url, issuer.tenant_id):
            raise InvalidTokenError("not what was looked up")
        return claims

    def _key(self, said: _Unverified, issuer: Issuer) -> jwt.PyJWK | bytes:
        if issuer.jwks_url is None:
            return secret_of(issuer, self._vault)
        found = self._key_sets.key(issuer.jwks_url, kid=said.kid, algorithm=said.algorithm)
        if found is None:
            raise InvalidTokenError("the issuer publishes no such key")
        return found

    def _check_current(self, claims: Mapping[str, Any], account: Account) -> None:
        now = self._clock.now() / 1000
        expires = _time(claims, "exp", account)
        if expires is None or now - self._skew >= expires:
            raise InvalidTokenError("expired", account)
        for name in ("nbf", "iat"):
            begins = _time(claims, name, account)
            if begins is not None and now + self._skew < begins:
                raise InvalidTokenError("not valid yet", account)


def sign(issuer: Issuer, secret: bytes, account: Account, session: LoginSession, *, now: int, expires_at: int) -> str:
    """A token as the backend of a tenant would sign it with its issuer's secret; times in ms."""
    claims = {
        "iss": issuer.url,
        "aud": issuer.audience,
        "tid": issuer.tenant_id,
        "sub": account.id,
        "sid": session.id,
        "iat": now // 1000,
        "exp": expires_at // 1000,
    }
    return _jws.encode(json.dumps(claims).encode(), secret, algorithm="HS256")


def claimed_tenant(token: str) -> str | None:
    """The tenant that a token says it belongs to, which nobody has checked. None where it says nothing."""
    try:
        return _unverified(token).tenant_id
    except InvalidTokenError:
        return None


def _unverified(token: str | None) -> _Unverified:
    if not token or len(token) > TOKEN_MAX or not token.isascii():
        raise InvalidTokenError("no token, or not a token's text")
    try:
        found = _jws.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise InvalidTokenError("not a token") from error
    claims, header = _object(found["payload"]), found["header"]
    if claims is None:
        raise InvalidTokenError("no claims")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise InvalidTokenError("no algorithm")
    tenant_id = _text(claims, "tid")
    if not _TENANT_ID.match(tenant_id):
        raise InvalidTokenError("tid is no tenant's")
    return _Unverified(tenant_id, _text(claims, "iss"), algorithm, header.get("kid"))


def _object(payload: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidTokenError(f"{name} is missing")
    return value


def _time(claims: Mapping[str, Any], name: str, account: Account) -> float | None:
    """Seconds since 1970, whole or not. None when it is absent."""
    value = claims.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidTokenError(f"{name} is no time", account)


def _is_for(said: object, audience: str) -> bool:
    return said == audience or (isinstance(said, list) and audience in said)
