"""Service keys of the 1Kosmos dialect: the pair `keyId` and `keySecret` that backends send.

`GET /servicekeys` shows secrets again, so they are stored encrypted; beside them stands a hash, so that verifying
one needs neither the vault nor its key. Nothing is cached: an old secret fails the moment its key is reset.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from parlance.clock import Clock
from parlance.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.keys import SecretSource
from parlance.identity.persistence import patiently
from parlance.identity.vault import Vault
from parlance.ids import IdSource

type ServiceKeyType = Literal["ecdsa", "hawk"]

SERVICE_KEY_TYPES: tuple[ServiceKeyType, ...] = get_args(ServiceKeyType.__value__)
_KEY_ID = re.compile(r"[A-Za-z0-9+/_=-]{1,128}\Z", re.ASCII)
_SECRET_MAX = 256
_TAG_MAX = 128
_REFUSAL = "The service key is not valid."


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A service key with its secret. `key_id` and `secret` are 32 random bytes in base64 each: they hold / + and =."""

    tenant_id: str
    key_id: str
    type: ServiceKeyType
    tag: str
    created_at: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceKeyRecord:
    """A service key as it is stored."""

    tenant_id: str
    key_id: str
    type: ServiceKeyType
    tag: str
    created_at: int
    secret_hash: str = field(repr=False)
    sealed_secret: bytes = field(repr=False)


class ServiceKeyStore(Protocol):
    """Service keys, found by their id alone or by their tenant."""

    def create(self, record: ServiceKeyRecord, *, token: str) -> None:
        """Raises NotFoundError("tenant")."""
        ...

    def find(self, key_id: str) -> ServiceKeyRecord | None:
        """The key of that id, whosever it is."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[ServiceKeyRecord]: ...

    def replace(self, old: ServiceKeyRecord, new: ServiceKeyRecord, *, token: str) -> None:
        """Delete one and create the other, both or neither. Raises NotFoundError when the old one is gone."""
        ...


class ServiceKeyVerifier:
    """Knows callers by their service key, from its hash alone."""

    def __init__(self, store: ServiceKeyStore) -> None:
        self._store = store

    def verify(self, key_id: str | None, key_secret: str | None) -> ServiceKey:
        """Raises UnauthenticatedError, which never says which of the two was wrong."""
        if not key_id or not key_secret or not _KEY_ID.match(key_id) or len(key_secret) > _SECRET_MAX:
            raise UnauthenticatedError(_REFUSAL)
        record = self._store.find(key_id)
        # Compared also where there is no such key, so that the time taken tells nothing.
        expected = record.secret_hash if record else _hash("")
        if not hmac.compare_digest(_hash(key_secret), expected) or record is None:
            raise UnauthenticatedError(_REFUSAL)
        return _key(record, key_secret)


class ServiceKeys(ServiceKeyVerifier):
    """Creates, shows, resets and verifies service keys."""

    def __init__(
        self, store: ServiceKeyStore, vault: Vault, *, clock: Clock, ids: IdSource, secrets: SecretSource
    ) -> None:
        super().__init__(store)
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._secrets = secrets

    def create(self, tenant_id: str, key_type: ServiceKeyType, tag: str) -> ServiceKey:
        """Raises NotFoundError("tenant") and InvalidInputError."""
        if key_type not in SERVICE_KEY_TYPES:
            raise InvalidInputError("A service key's type is ecdsa or hawk.")
        if len(tag) > _TAG_MAX:
            raise InvalidInputError(f"A service key's tag has up to {_TAG_MAX} characters.")
        key = self._new(tenant_id, key_type, tag)
        record, token = self._record(key), self._ids.random()
        patiently(lambda: self._store.create(record, token=token), self._clock)
        return key

    def of_tenant(self, tenant_id: str) -> Sequence[ServiceKey]:
        """All keys of a tenant with their secrets, oldest first."""
        records = sorted(self._store.of_tenant(tenant_id), key=lambda record: (record.created_at, record.key_id))
        return [self._opened(record) for record in records]

    def reset(self, tenant_id: str, key_id: str) -> ServiceKey:
        """Delete a key and create another of the same type and tag, in one transaction.

        The other one has another id. So of many resets of one key one succeeds: to the rest it is gone, and they
        get NotFoundError("service_key"), as they do for an unknown id or another tenant's.
        """
        old = self._store.find(key_id) if _KEY_ID.match(key_id) else None
        if old is None or old.tenant_id != tenant_id:
            raise not_found()
        new = self._new(tenant_id, old.type, old.tag)
        record, token = self._record(new), self._ids.random()
        patiently(lambda: self._store.replace(old, record, token=token), self._clock)
        return new

    def _new(self, tenant_id: str, key_type: ServiceKeyType, tag: str) -> ServiceKey:
        key_id, secret = _base64(self._secrets.secret()), _base64(self._secrets.secret())
        return ServiceKey(tenant_id, key_id, key_type, tag, self._clock.now(), secret)

    def _record(self, key: ServiceKey) -> ServiceKeyRecord:
        sealed = self._vault.encrypt(key.secret.encode(), _context(key))
        return ServiceKeyRecord(key.tenant_id, key.key_id, key.type, key.tag, key.created_at, _hash(key.secret), sealed)

    def _opened(self, record: ServiceKeyRecord) -> ServiceKey:
        return _key(record, self._vault.decrypt(record.sealed_secret, _context(record)).decode())


def not_found() -> NotFoundError:
    """What is raised for a key that is not there, or not there any more."""
    return NotFoundError("service_key", "Service key not found")


def _context(key: ServiceKey | ServiceKeyRecord) -> dict[str, str]:
    return {"purpose": "service_key", "tenant": key.tenant_id, "key": key.key_id}


def _key(record: ServiceKeyRecord, secret: str) -> ServiceKey:
    return ServiceKey(record.tenant_id, record.key_id, record.type, record.tag, record.created_at, secret)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _base64(secret: str) -> str:
    """43 URL-safe characters as the standard, padded base64 of the same 32 bytes."""
    return base64.b64encode(base64.urlsafe_b64decode(f"{secret}=")).decode("ascii")
