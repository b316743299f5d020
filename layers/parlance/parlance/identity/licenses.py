"""Licenses of the 1Kosmos dialect: what its `licensekey` and `license` headers carry.

Only a hash is ever stored: 256 random bits need no salt and no slow hash. The level decides what a license opens:
`system` reaches the service keys, `user` does not.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from parlance.clock import Clock
from parlance.errors import InvalidInputError, UnauthenticatedError
from parlance.identity.keys import SecretSource, hint_of
from parlance.identity.persistence import patiently
from parlance.identity.remembering import Remembered
from parlance.ids import IdSource

type AuthLevel = Literal["system", "user"]

AUTH_LEVELS: tuple[AuthLevel, ...] = get_args(AuthLevel.__value__)
_PREFIX = "lk_"
_SHAPE = re.compile(r"lk_[A-Za-z0-9_-]{43}\Z", re.ASCII)
_REFUSAL = "The license is not valid."


@dataclass(frozen=True, slots=True)
class License:
    """A license as its owner sees it: `hint` is the last four characters; the rest is known to nobody."""

    id: str
    tenant_id: str
    auth_level: AuthLevel
    name: str
    hint: str
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedLicense:
    """A new license; `text` is the only copy that will ever exist."""

    license: License
    text: str = field(repr=False)


class LicenseStore(Protocol):
    """Licenses, found by the hash of their text or by their tenant."""

    def create(self, new: License, text_hash: str, *, token: str) -> None:
        """Raises NotFoundError("tenant")."""
        ...

    def find(self, text_hash: str) -> License | None:
        """The license with that hash, revoked or not."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[License]: ...

    def revoke(self, tenant_id: str, license_id: str, *, now: int, token: str) -> License:
        """Revoke for good; a second time changes nothing. Raises NotFoundError("license")."""
        ...


class Licenses:
    """Issues and verifies licenses. A good answer is believed for `ttl` seconds, so a revoked one works that long."""

    def __init__(
        self, store: LicenseStore, *, clock: Clock, ids: IdSource, secrets: SecretSource, ttl: float = 60
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._known = Remembered[License](clock, ttl=ttl)

    def create(self, tenant_id: str, name: str, auth_level: AuthLevel) -> IssuedLicense:
        """Raises NotFoundError("tenant"), and InvalidInputError for a level that there is not."""
        if auth_level not in AUTH_LEVELS:
            raise InvalidInputError("A license's level is system or user.")
        text = _PREFIX + self._secrets.secret()
        new = License(
            f"license_{self._ids.random()}", tenant_id, auth_level, name, hint_of(text), created_at=self._clock.now()
        )
        token = self._ids.random()
        patiently(lambda: self._store.create(new, _hash(text), token=token), self._clock)
        return IssuedLicense(new, text)

    def verify(self, text: str | None) -> License:
        """Raises UnauthenticatedError for a text that is missing, malformed, unknown or revoked."""
        if not text or not _SHAPE.match(text):
            raise UnauthenticatedError(_REFUSAL)
        text_hash = _hash(text)
        return self._known.recall(text_hash) or self._look_up(text_hash)

    def of_tenant(self, tenant_id: str) -> Sequence[License]:
        return self._store.of_tenant(tenant_id)

    def revoke(self, tenant_id: str, license_id: str) -> License:
        """No request with this license succeeds from a minute later on. Raises NotFoundError("license")."""
        token = self._ids.random()
        return patiently(
            lambda: self._store.revoke(tenant_id, license_id, now=self._clock.now(), token=token), self._clock
        )

    def _look_up(self, text_hash: str) -> License:
        asked_at = self._clock.monotonic()
        found = self._store.find(text_hash)
        if found is None or found.revoked_at is not None:
            self._known.forget(text_hash)
            raise UnauthenticatedError(_REFUSAL)
        self._known.keep(text_hash, found, asked_at=asked_at)
        return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
