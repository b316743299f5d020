"""Licenses in the Identity table.

As an API key, a license is two items: one in its tenant's partition, for lists, and one under the hash of its text,
for requests. Both are written in one transaction, always.
"""

from collections.abc import Sequence
from dataclasses import replace

from parlance.errors import NotFoundError
from parlance.identity.licenses import License
from parlance.identity.port import AlreadyExistsError
from parlance.storage import keys
from parlance.storage.table import Check, Item, Key, Put, Table, TransactionCancelledError, Update

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


class DynamoLicenseStore:
    """`parlance.identity.licenses.LicenseStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, new: License, text_hash: str, *, token: str) -> None:
        both = (keys.license_of(new.tenant_id, new.id), keys.license_by_hash(text_hash))
        puts = [Put(_item(address, new, text_hash), when=_IS_NEW) for address in both]
        try:
            self._table.transact([Check(keys.tenant(new.tenant_id), when=_EXISTS), *puts], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(new.id) from error

    def find(self, text_hash: str) -> License | None:
        item = self._table.get(keys.license_by_hash(text_hash))
        return _license(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[License]:
        found = self._table.query_all(keys.licenses_pk(tenant_id), first="license#", last=f"license#{keys.HIGHEST}")
        return [_license(item) for item in found]

    def revoke(self, tenant_id: str, license_id: str, *, now: int, token: str) -> License:
        by_id = keys.license_of(tenant_id, license_id)
        item = self._table.get(by_id)
        if item is None:
            raise NotFoundError("license")
        found = _license(item)
        if found.revoked_at is not None:
            return found
        revoke = "SET revoked_at = if_not_exists(revoked_at, :now)"
        both = (by_id, keys.license_by_hash(item["text_hash"]))
        self._table.transact([Update(one, revoke, when=_EXISTS, values={"now": now}) for one in both], token=token)
        return replace(found, revoked_at=now)


def _item(address: Key, found: License, text_hash: str) -> Item:
    return {
        "pk": address.pk,
        "sk": address.sk,
        "v": keys.SCHEMA_VERSION,
        "id": found.id,
        "tenant_id": found.tenant_id,
        "auth_level": found.auth_level,
        "name": found.name,
        "hint": found.hint,
        "text_hash": text_hash,
        "created_at": found.created_at,
    }


def _license(item: Item) -> License:
    return License(
        id=item["id"],
        tenant_id=item["tenant_id"],
        auth_level=item["auth_level"],
        name=item["name"],
        hint=item["hint"],
        created_at=item["created_at"],
        revoked_at=item.get("revoked_at"),
    )
