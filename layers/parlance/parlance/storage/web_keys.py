"""Widget keys and admin keys in the Identity table.

As an API key, each is two items: one in its tenant's partition, for lists, and one under the hash of its text, for
requests. Both are written in one transaction, always.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parlance.errors import NotFoundError
from parlance.identity.port import AlreadyExistsError
from parlance.identity.web_keys import AdminKey, WidgetKey, WidgetLimits
from parlance.storage import keys
from parlance.storage.table import Check, Item, Key, Put, Table, TransactionCancelledError, Update

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class _Kind[K]:
    """Where keys of one kind lie, and what is kept of them besides what all keys have."""

    name: str
    partition: Callable[[str], str]
    by_hash: Callable[[str], Key]
    own: Callable[[K], Item]
    read: Callable[[Item], K]

    def by_id(self, tenant_id: str, key_id: str) -> Key:
        return Key(self.partition(tenant_id), f"{self.name}#{key_id}")


class DynamoWebKeyStore[K: WidgetKey | AdminKey]:
    """`parlance.identity.web_keys.WebKeyStore` over the Identity table."""

    def __init__(self, table: Table, kind: _Kind[K]) -> None:
        self._table = table
        self._kind = kind

    def create(self, key: K, text_hash: str, *, token: str) -> None:
        puts = [Put(self._item(address, key, text_hash), when=_IS_NEW) for address in self._both(key, text_hash)]
        try:
            self._table.transact([Check(keys.tenant(key.tenant_id), when=_EXISTS), *puts], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(key.id) from error

    def find(self, text_hash: str) -> K | None:
        item = self._table.get(self._kind.by_hash(text_hash))
        return self._kind.read(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[K]:
        first, last = f"{self._kind.name}#", f"{self._kind.name}#{keys.HIGHEST}"
        return [
            self._kind.read(item)
            for item in self._table.query_all(self._kind.partition(tenant_id), first=first, last=last)
        ]

    def revoke(self, tenant_id: str, key_id: str, *, now: int, token: str) -> K:
        item = self._table.get(self._kind.by_id(tenant_id, key_id))
        if item is None:
            raise NotFoundError("key")
        key = self._kind.read(item)
        if key.revoked_at is not None:
            return key
        revoke = "SET revoked_at = if_not_exists(revoked_at, :now)"
        both = self._both(key, item["text_hash"])
        self._table.transact([Update(one, revoke, when=_EXISTS, values={"now": now}) for one in both], token=token)
        return replace(key, revoked_at=now)

    def _both(self, key: K, text_hash: str) -> tuple[Key, Key]:
        return self._kind.by_id(key.tenant_id, key.id), self._kind.by_hash(text_hash)

    def _item(self, address: Key, key: K, text_hash: str) -> Item:
        return {
            "pk": address.pk,
            "sk": address.sk,
            "v": keys.SCHEMA_VERSION,
            "id": key.id,
            "tenant_id": key.tenant_id,
            "name": key.name,
            "hint": key.hint,
            "text_hash": text_hash,
            "created_at": key.created_at,
            **self._kind.own(key),
        }


def widget_key_store(table: Table) -> DynamoWebKeyStore[WidgetKey]:
    return DynamoWebKeyStore(
        table, _Kind("widget-key", keys.widget_keys_pk, keys.widget_key_by_hash, _of_widget_key, _widget_key)
    )


def admin_key_store(table: Table) -> DynamoWebKeyStore[AdminKey]:
    return DynamoWebKeyStore(
        table, _Kind("admin-key", keys.admin_keys_pk, keys.admin_key_by_hash, lambda _: {}, _admin_key)
    )


def _of_widget_key(key: WidgetKey) -> Item:
    return {
        "agent_id": key.agent_id,
        "origins": list(key.origins),
        "per_minute": key.limits.per_minute,
        "address_per_minute": key.limits.address_per_minute,
    }


def _widget_key(item: Item) -> WidgetKey:
    return WidgetKey(
        id=item["id"],
        tenant_id=item["tenant_id"],
        name=item["name"],
        hint=item["hint"],
        created_at=item["created_at"],
        agent_id=item["agent_id"],
        origins=tuple(item["origins"]),
        limits=WidgetLimits(item["per_minute"], item["address_per_minute"]),
        revoked_at=item.get("revoked_at"),
    )


def _admin_key(item: Item) -> AdminKey:
    return AdminKey(
        id=item["id"],
        tenant_id=item["tenant_id"],
        name=item["name"],
        hint=item["hint"],
        created_at=item["created_at"],
        revoked_at=item.get("revoked_at"),
    )
