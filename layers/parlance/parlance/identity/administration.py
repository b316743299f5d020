"""Tenants and keys as their administrator handles them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from parlance.clock import Clock
from parlance.errors import ConflictError, InvalidInputError
from parlance.identity.keys import PREFIX, SecretSource, hash_of, hint_of, new_key
from parlance.identity.model import ApiKey, Limits, Tenant
from parlance.identity.port import AlreadyExistsError, TenantStore
from parlance.ids import IdSource

_TENANT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; `secret` is the only copy of its text that will ever exist."""

    key: ApiKey
    secret: str = field(repr=False)


class Administration:
    """Creates tenants, and issues and revokes their keys."""

    def __init__(self, store: TenantStore, *, clock: Clock, ids: IdSource, secrets: SecretSource) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secrets = secrets

    def create_tenant(
        self, name: str, *, tenant_id: str | None = None, limits: Limits | None = None, parent_id: str | None = None
    ) -> Tenant:
        """Raises InvalidInputError for an id that cannot stand in a path, ConflictError for one that is taken."""
        tenant_id = tenant_id or f"tenant_{self._ids.random()}"
        if not _TENANT_ID.match(tenant_id):
            raise InvalidInputError("A tenant's id is made of up to 64 letters, digits, _ and -.")
        tenant = Tenant(tenant_id, name, self._clock.now(), limits or Limits(), parent_id)
        try:
            self._store.create_tenant(tenant)
        except AlreadyExistsError as error:
            raise ConflictError("There is a tenant of that id.", details={"tenant_id": tenant_id}) from error
        return tenant

    def change_tenant(self, tenant: Tenant) -> None:
        """Give a tenant another name or other limits. Raises NotFoundError."""
        self._store.put_tenant(tenant)

    def tenants(self) -> Sequence[Tenant]:
        return self._store.tenants()

    def issue_key(self, tenant_id: str, name: str, *, prefix: str = PREFIX) -> IssuedKey:
        """A key for the dialect of that prefix. Raises NotFoundError when there is no such tenant."""
        secret = new_key(self._secrets, prefix)
        now = self._clock.now()
        key = ApiKey(f"key_{self._ids.random()}", tenant_id, name, hint_of(secret), now, prefix=prefix)
        self._store.create_key(key, hash_of(secret, prefix), token=self._ids.random())
        return IssuedKey(key, secret)

    def keys(self, tenant_id: str) -> Sequence[ApiKey]:
        return self._store.keys(tenant_id)

    def revoke_key(self, tenant_id: str, key_id: str) -> ApiKey:
        """No request with this key succeeds from a minute later on. Raises NotFoundError."""
        return self._store.revoke_key(tenant_id, key_id, now=self._clock.now(), token=self._ids.random())
