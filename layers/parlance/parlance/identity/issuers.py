"""Issuers: whose tokens a tenant trusts, and by which algorithms.

An issuer either shares a secret with us (HS256) or publishes its public keys (RS256, ES256). The registration fixes
the algorithms; what a token says of itself chooses only among them. An issuer is looked up by tenant and URL, so a
tenant that registers another's issuer gains nothing there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args
from urllib.parse import urlsplit

from parlance.clock import Clock
from parlance.errors import ConflictError, InvalidInputError, NotFoundError
from parlance.identity.jwks import check_url
from parlance.identity.keys import SecretSource
from parlance.identity.persistence import patiently
from parlance.identity.port import AlreadyExistsError
from parlance.identity.vault import Vault
from parlance.ids import IdSource

type IssuerKind = Literal["secret", "jwks"]
type PublicAlgorithm = Literal["RS256", "ES256"]

PUBLIC_ALGORITHMS: tuple[PublicAlgorithm, ...] = get_args(PublicAlgorithm.__value__)
SECRET_ALGORITHM = "HS256"  # noqa: S105 - the name of an algorithm
_SECRET_BYTES_MIN = 32
_SECRET_BYTES_MAX = 1024
_URL_MAX = 512
_PRINTABLE = re.compile(r"[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class Issuer:
    """`url` is the `iss` of its tokens, `audience` their `aud`. A secret is stored sealed and never shown again."""

    tenant_id: str
    url: str
    kind: IssuerKind
    audience: str
    algorithms: tuple[str, ...]
    created_at: int
    jwks_url: str | None = None
    sealed_secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RegisteredIssuer:
    """A new issuer that shares a secret: whoever signs its tokens needs `secret`, as UTF-8."""

    issuer: Issuer
    secret: str = field(repr=False)


class IssuerStore(Protocol):
    """Issuers by tenant and URL."""

    def create(self, issuer: Issuer, *, token: str) -> None:
        """Raises AlreadyExistsError, and NotFoundError("tenant")."""
        ...

    def find(self, tenant_id: str, url: str) -> Issuer | None: ...

    def of_tenant(self, tenant_id: str) -> Sequence[Issuer]: ...

    def remove(self, tenant_id: str, url: str) -> None:
        """Does nothing where there is none."""
        ...


class Issuers:
    """Registers issuers. JWKS over plain HTTP on this machine only where `allow_loopback`, which is the local run."""

    def __init__(
        self,
        store: IssuerStore,
        vault: Vault,
        *,
        clock: Clock,
        ids: IdSource,
        secrets: SecretSource,
        allow_loopback: bool = False,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._allow_loopback = allow_loopback

    def add_secret(self, tenant_id: str, url: str, audience: str, *, secret: str | None = None) -> RegisteredIssuer:
        """An issuer that signs with a secret, made up if none is given.

        Raises InvalidInputError, ConflictError for a URL that is registered, NotFoundError("tenant").
        """
        _check_names(url, audience)
        text = secret if secret is not None else self._secrets.secret()
        if not _SECRET_BYTES_MIN <= len(text.encode("utf-8", "replace")) <= _SECRET_BYTES_MAX:
            raise InvalidInputError(f"An issuer's secret has {_SECRET_BYTES_MIN} to {_SECRET_BYTES_MAX} bytes.")
        sealed = self._vault.encrypt(text.encode(), _context(tenant_id, url))
        now = self._clock.now()
        issuer = Issuer(tenant_id, url, "secret", audience, (SECRET_ALGORITHM,), now, sealed_secret=sealed)
        self._create(issuer)
        return RegisteredIssuer(issuer, text)

    def add_jwks(
        self,
        tenant_id: str,
        url: str,
        audience: str,
        *,
        jwks_url: str,
        algorithms: Sequence[str] = ("RS256",),
    ) -> Issuer:
        """An issuer that publishes its keys under `jwks_url`. Raises as `add_secret` does."""
        _check_names(url, audience)
        if not algorithms or any(one not in PUBLIC_ALGORITHMS for one in algorithms):
            raise InvalidInputError("An issuer with public keys signs with RS256 or ES256.")
        if len(jwks_url) > _URL_MAX:
            raise InvalidInputError("The address of the keys is too long.")
        check_url(jwks_url, allow_loopback=self._allow_loopback)
        chosen = tuple(dict.fromkeys(algorithms))
        issuer = Issuer(tenant_id, url, "jwks", audience, chosen, self._clock.now(), jwks_url=jwks_url)
        self._create(issuer)
        return issuer

    def find(self, tenant_id: str, url: str) -> Issuer | None:
        return self._store.find(tenant_id, url)

    def of_tenant(self, tenant_id: str) -> Sequence[Issuer]:
        return self._store.of_tenant(tenant_id)

    def remove(self, tenant_id: str, url: str) -> None:
        """Its tokens are refused from a minute later on. Raises NotFoundError("issuer")."""
        if self._store.find(tenant_id, url) is None:
            raise NotFoundError("issuer")
        patiently(lambda: self._store.remove(tenant_id, url), self._clock)

    def _create(self, issuer: Issuer) -> None:
        token = self._ids.random()
        try:
            patiently(lambda: self._store.create(issuer, token=token), self._clock)
        except AlreadyExistsError as error:
            raise ConflictError("This issuer is registered already.", details={"issuer": issuer.url}) from error


def secret_of(issuer: Issuer, vault: Vault) -> bytes:
    """The secret that an issuer signs with. Raises VaultError, and ValueError for one that publishes its keys."""
    if issuer.sealed_secret is None:
        raise ValueError("this issuer shares no secret")
    return vault.decrypt(issuer.sealed_secret, _context(issuer.tenant_id, issuer.url))


def _context(tenant_id: str, url: str) -> dict[str, str]:
    return {"purpose": "issuer", "tenant": tenant_id, "issuer": url}


def _check_names(url: str, audience: str) -> None:
    """`iss` is compared as text, so any absolute URL or URN will do."""
    try:
        absolute = bool(urlsplit(url).scheme)
    except ValueError:
        absolute = False
    if not absolute or not _fits(url):
        raise InvalidInputError("An issuer is an absolute URL without spaces.")
    if not _fits(audience):
        raise InvalidInputError("An audience is a text without spaces.")


def _fits(text: str) -> bool:
    return len(text) <= _URL_MAX and bool(_PRINTABLE.match(text))
