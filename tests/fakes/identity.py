"""Tenants, keys and tickets in memory, and secrets that count up."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace

from parlance.errors import NotFoundError
from parlance.identity.model import ApiKey, Tenant
from parlance.identity.port import AlreadyExistsError, TicketRecord
from parlance.identity.web_keys import AdminKey, WidgetKey


class CountingSecrets:
    """`parlance.identity.keys.SecretSource` whose secrets count up."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def secret(self) -> str:
        return f"{next(self._count):043x}"


class MemoryTenantStore:
    """`parlance.identity.port.TenantStore`. Counts look-ups of keys."""

    def __init__(self) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._keys: dict[tuple[str, str], ApiKey] = {}
        self._by_hash: dict[str, tuple[str, str]] = {}
        self.look_ups = 0

    def create_tenant(self, tenant: Tenant) -> None:
        taken = tenant.parent_id and tenant.email and self.child(tenant.parent_id, tenant.email)
        if taken or tenant.id in self._tenants:
            raise AlreadyExistsError(tenant.id)
        self._tenants[tenant.id] = tenant

    def put_tenant(self, tenant: Tenant) -> None:
        if tenant.id not in self._tenants:
            raise NotFoundError("tenant")
        self._tenants[tenant.id] = tenant

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._tenants.get(tenant_id)

    def child(self, parent_id: str, email: str) -> Tenant | None:
        return next((one for one in self._tenants.values() if (one.parent_id, one.email) == (parent_id, email)), None)

    def tenants(self) -> Sequence[Tenant]:
        return [self._tenants[tenant_id] for tenant_id in sorted(self._tenants)]

    def create_key(self, key: ApiKey, key_hash: str, *, token: str) -> None:
        if key.tenant_id not in self._tenants:
            raise NotFoundError("tenant")
        self._keys[key.tenant_id, key.id] = key
        self._by_hash[key_hash] = (key.tenant_id, key.id)

    def find_key(self, key_hash: str) -> ApiKey | None:
        self.look_ups += 1
        where = self._by_hash.get(key_hash)
        return self._keys[where] if where else None

    def keys(self, tenant_id: str) -> Sequence[ApiKey]:
        return [self._keys[where] for where in sorted(self._keys) if where[0] == tenant_id]

    def revoke_key(self, tenant_id: str, key_id: str, *, now: int, token: str) -> ApiKey:
        key = self._keys.get((tenant_id, key_id))
        if key is None:
            raise NotFoundError("key")
        if key.revoked_at is None:
            key = self._keys[tenant_id, key_id] = replace(key, revoked_at=now)
        return key


class MemoryTicketStore:
    """`parlance.identity.port.TicketStore` for the conversations it is told of."""

    def __init__(self) -> None:
        self.conversations: set[tuple[str, str]] = set()
        self._records: dict[tuple[str, str, str], TicketRecord] = {}
        self._spent: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def put(self, record: TicketRecord, *, expires_at: int, token: str) -> TicketRecord | None:
        with self._lock:
            if (record.tenant_id, record.conversation_id) not in self.conversations:
                raise NotFoundError("chat")
            where = (record.tenant_id, record.conversation_id, record.secret_hash)
            earlier = self._records.get(where)
            if earlier is None:
                self._records[where] = record
            return earlier

    def spend(self, tenant_id: str, conversation_id: str, secret_hash: str, *, now: int) -> TicketRecord | None:
        with self._lock:
            where = (tenant_id, conversation_id, secret_hash)
            record = self._records.get(where)
            if record is None or where in self._spent or record.valid_until < now:
                return None
            self._spent.add(where)
            return record


class MemoryWebKeyStore[K: WidgetKey | AdminKey]:
    """`parlance.identity.web_keys.WebKeyStore` for the tenants it is told of; any, where it is told of none."""

    def __init__(self, tenants: set[str] | None = None) -> None:
        self._tenants = tenants
        self._keys: dict[str, K] = {}
        self.look_ups = 0

    def create(self, key: K, text_hash: str, *, token: str) -> None:
        if self._tenants is not None and key.tenant_id not in self._tenants:
            raise NotFoundError("tenant")
        self._keys[text_hash] = key

    def find(self, text_hash: str) -> K | None:
        self.look_ups += 1
        return self._keys.get(text_hash)

    def of_tenant(self, tenant_id: str) -> Sequence[K]:
        return sorted((key for key in self._keys.values() if key.tenant_id == tenant_id), key=lambda key: key.id)

    def revoke(self, tenant_id: str, key_id: str, *, now: int, token: str) -> K:
        for text_hash, key in self._keys.items():
            if (key.tenant_id, key.id) == (tenant_id, key_id):
                revoked = key if key.revoked_at is not None else replace(key, revoked_at=now)
                self._keys[text_hash] = revoked
                return revoked
        raise NotFoundError("key")
