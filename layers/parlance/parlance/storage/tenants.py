"""Tenants and API keys in the Identity table.

A key is two items: one in its tenant's partition, for lists, and one under the hash of its text, for requests. Both
are written in one transaction, always.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from parlance.errors import NotFoundError
from parlance.identity.keys import PREFIX
from parlance.identity.model import ApiKey, Limits, Tenant
from parlance.identity.port import AlreadyExistsError
from parlance.storage import keys
from parlance.storage.table import (
    Check,
    ConditionFailedError,
    Item,
    Key,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


class DynamoTenantStore:
    """`parlance.identity.port.TenantStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create_tenant(self, tenant: Tenant) -> None:
        try:
            self._table.put(Put(_tenant_item(tenant), when=_IS_NEW))
        except ConditionFailedError as error:
            raise AlreadyExistsError(tenant.id) from error

    def put_tenant(self, tenant: Tenant) -> None:
        try:
            self._table.put(Put(_tenant_item(tenant), when=_EXISTS))
        except ConditionFailedError as error:
            raise NotFoundError("tenant") from error

    def tenant(self, tenant_id: str) -> Tenant | None:
        item = self._table.get(keys.tenant(tenant_id))
        return _tenant_from(item) if item else None

    def tenants(self) -> Sequence[Tenant]:
        found = self._table.query_all(keys.TENANTS_PK, first="tenant#", last=f"tenant#{keys.HIGHEST}")
        return [_tenant_from(item) for item in found]

    def create_key(self, key: ApiKey, key_hash: str, *, token: str) -> None:
        try:
            self._table.transact(
                [
                    Check(keys.tenant(key.tenant_id), when=_EXISTS),
                    Put(_key_item(keys.api_key(key.tenant_id, key.id), key, key_hash), when=_IS_NEW),
                    Put(_key_item(keys.api_key_by_hash(key_hash), key, key_hash), when=_IS_NEW),
                ],
                token=token,
            )
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(key.id) from error

    def find_key(self, key_hash: str) -> ApiKey | None:
        item = self._table.get(keys.api_key_by_hash(key_hash))
        return _key_from(item) if item else None

    def keys(self, tenant_id: str) -> Sequence[ApiKey]:
        found = self._table.query_all(keys.api_keys_pk(tenant_id), first="key#", last=f"key#{keys.HIGHEST}")
        return [_key_from(item) for item in found]

    def revoke_key(self, tenant_id: str, key_id: str, *, now: int, token: str) -> ApiKey:
        by_id = keys.api_key(tenant_id, key_id)
        item = self._table.get(by_id)
        if item is None:
            raise NotFoundError("key")
        key = _key_from(item)
        if key.revoked_at is not None:
            return key
        revoke = "SET revoked_at = if_not_exists(revoked_at, :now)"
        both = (by_id, keys.api_key_by_hash(item["key_hash"]))
        self._table.transact([Update(one, revoke, when=_EXISTS, values={"now": now}) for one in both], token=token)
        return replace(key, revoked_at=now)


def _tenant_item(tenant: Tenant) -> Item:
    key = keys.tenant(tenant.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "id": tenant.id,
        "name": tenant.name,
        "created_at": tenant.created_at,
        "rest_per_minute": tenant.limits.rest_per_minute,
        "messages_per_second": tenant.limits.messages_per_second,
        "connections": tenant.limits.connections,
        "parent_id": tenant.parent_id,
    }


def _tenant_from(item: Item) -> Tenant:
    limits = Limits(item["rest_per_minute"], item["messages_per_second"], item["connections"])
    return Tenant(item["id"], item["name"], item["created_at"], limits, item.get("parent_id"))


def _key_item(address: Key, key: ApiKey, key_hash: str) -> dict[str, Any]:
    return {
        "pk": address.pk,
        "sk": address.sk,
        "v": keys.SCHEMA_VERSION,
        "id": key.id,
        "tenant_id": key.tenant_id,
        "name": key.name,
        "hint": key.hint,
        "prefix": key.prefix,
        "key_hash": key_hash,
        "created_at": key.created_at,
    }


def _key_from(item: Item) -> ApiKey:
    return ApiKey(
        id=item["id"],
        tenant_id=item["tenant_id"],
        name=item["name"],
        hint=item["hint"],
        created_at=item["created_at"],
        revoked_at=item.get("revoked_at"),
        prefix=item.get("prefix", PREFIX),
    )
