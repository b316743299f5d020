"""Keys of the widget dialect. A widget key is public by nature, as it stands in web pages; an admin key is a secret.

Only a hash of either is ever stored: 256 random bits need no salt and no slow hash.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from parlance.clock import Clock
from parlance.errors import UnauthenticatedError
from parlance.identity.keys import SecretSource, hint_of
from parlance.identity.model import ApiKey, Tenant
from parlance.identity.origins import checked
from parlance.identity.persistence import patiently
from parlance.identity.port import KeyLookup
from parlance.identity.remembering import Remembered
from parlance.ids import IdSource

_REST = r"[A-Za-z0-9_-]{43}\Z"


@dataclass(frozen=True, slots=True)
class WidgetLimits:
    """Requests a minute: with the key from everywhere, and from one client's address."""

    per_minute: int = 600
    address_per_minute: int = 60


@dataclass(frozen=True, slots=True)
class WidgetKey:
    """A key for web pages: it reaches one agent, from the origins in its list, within its limits."""

    id: str
    tenant_id: str
    name: str
    hint: str
    created_at: int
    agent_id: str
    origins: tuple[str, ...]
    limits: WidgetLimits = field(default_factory=WidgetLimits)
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class AdminKey:
    """A key for operators, who may read the conversations of the tenant."""

    id: str
    tenant_id: str
    name: str
    hint: str
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedWebKey[K]:
    """A new key; `secret` is the only copy of its text that will ever exist."""

    key: K
    secret: str = field(repr=False)


class WebKeyStore[K](Protocol):
    """Keys of one kind, found by the hash of their text or by their tenant."""

    def create(self, key: K, text_hash: str, *, token: str) -> None:
        """Raises NotFoundError("tenant")."""
        ...

    def find(self, text_hash: str) -> K | None:
        """The key with that hash, revoked or not."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[K]: ...

    def revoke(self, tenant_id: str, key_id: str, *, now: int, token: str) -> K:
        """Revoke for good; a second time changes nothing. Raises NotFoundError("key")."""
        ...


class WebKeys[K: WidgetKey | AdminKey]:
    """Verifies, lists and revokes keys of one kind. A good answer is believed for `ttl` seconds."""

    prefix = ""

    def __init__(
        self, store: WebKeyStore[K], *, clock: Clock, ids: IdSource, secrets: SecretSource, ttl: float = 60
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._known = Remembered[K](clock, ttl=ttl)
        self._shape = re.compile(self.prefix + _REST, re.ASCII)

    def verify(self, text: str | None) -> K:
        """Raises UnauthenticatedError for a text that is missing, malformed, unknown or revoked."""
        if not text or not self._shape.match(text):
            raise UnauthenticatedError("The key is not valid.")
        text_hash = hash_of(text)
        return self._known.recall(text_hash) or self._look_up(text_hash)

    def of_tenant(self, tenant_id: str) -> Sequence[K]:
        return self._store.of_tenant(tenant_id)

    def revoke(self, tenant_id: str, key_id: str) -> K:
        """No request with this key succeeds from a minute later on. Raises NotFoundError("key")."""
        token = self._ids.random()
        return patiently(lambda: self._store.revoke(tenant_id, key_id, now=self._clock.now(), token=token), self._clock)

    def _issue(self, key: K, secret: str) -> IssuedWebKey[K]:
        token = self._ids.random()
        patiently(lambda: self._store.create(key, hash_of(secret), token=token), self._clock)
        return IssuedWebKey(key, secret)

    def _look_up(self, text_hash: str) -> K:
        asked_at = self._clock.monotonic()
        found = self._store.find(text_hash)
        if found is None or found.revoked_at is not None:
            self._known.forget(text_hash)
            raise UnauthenticatedError("The key is not valid.")
        self._known.keep(text_hash, found, asked_at=asked_at)
        return found


class WidgetKeys(WebKeys[WidgetKey]):
    """Keys that web pages hold."""

    prefix = "wk_"

    def create(
        self,
        tenant_id: str,
        name: str,
        *,
        agent_id: str,
        origins: Sequence[str],
        limits: WidgetLimits | None = None,
    ) -> IssuedWebKey[WidgetKey]:
        """Raises NotFoundError("tenant"), and InvalidInputError for an origin that cannot be one."""
        secret = self.prefix + self._secrets.secret()
        key = WidgetKey(
            id=f"widget_{self._ids.random()}",
            tenant_id=tenant_id,
            name=name,
            hint=hint_of(secret),
            created_at=self._clock.now(),
            agent_id=agent_id,
            origins=tuple(checked(origin) for origin in origins),
            limits=limits or WidgetLimits(),
        )
        return self._issue(key, secret)


class AdminKeys(WebKeys[AdminKey]):
    """Keys that operators hold."""

    prefix = "ak_"

    def create(self, tenant_id: str, name: str) -> IssuedWebKey[AdminKey]:
        """Raises NotFoundError("tenant")."""
        secret = self.prefix + self._secrets.secret()
        key = AdminKey(f"admin_{self._ids.random()}", tenant_id, name, hint_of(secret), self._clock.now())
        return self._issue(key, secret)


class TicketKeys:
    """`parlance.identity.port.KeyLookup` for connections, which a ticket for a widget's session may have opened.

    Only a ticket leads to the hash of a widget key: as an API key its text is refused for its shape.
    """

    def __init__(self, tenants: KeyLookup, widget_keys: WebKeyStore[WidgetKey]) -> None:
        self._tenants = tenants
        self._widget_keys = widget_keys

    def find_key(self, key_hash: str) -> ApiKey | None:
        found = self._tenants.find_key(key_hash)
        if found is not None:
            return found
        key = self._widget_keys.find(key_hash)
        if key is None:
            return None
        return ApiKey(key.id, key.tenant_id, key.name, key.hint, key.created_at, key.revoked_at)

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._tenants.tenant(tenant_id)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
