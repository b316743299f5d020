"""Service keys in the Identity table.

A key is two items: one in its tenant's partition, for lists, and one under its id alone, for requests. Both are
written and deleted in one transaction, always.
"""

from collections.abc import Sequence

from parlance.errors import NotFoundError
from parlance.identity.port import AlreadyExistsError
from parlance.identity.service_keys import ServiceKeyRecord, not_found
from parlance.storage import keys
from parlance.storage.table import Check, Delete, Item, Key, Put, Table, TransactionCancelledError

_EXISTS = "attribute_exists(pk)"
_IS_NEW = "attribute_not_exists(pk)"


class DynamoServiceKeyStore:
    """`parlance.identity.service_keys.ServiceKeyStore` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, record: ServiceKeyRecord, *, token: str) -> None:
        try:
            self._table.transact([Check(keys.tenant(record.tenant_id), when=_EXISTS), *_puts(record)], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("tenant") from error
            raise AlreadyExistsError(record.key_id) from error

    def find(self, key_id: str) -> ServiceKeyRecord | None:
        item = self._table.get(keys.service_key_by_id(key_id))
        return _record(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[ServiceKeyRecord]:
        first, last = "service-key#", f"service-key#{keys.HIGHEST}"
        return [
            _record(item) for item in self._table.query_all(keys.service_keys_pk(tenant_id), first=first, last=last)
        ]

    def replace(self, old: ServiceKeyRecord, new: ServiceKeyRecord, *, token: str) -> None:
        deletes = [Delete(address, when=_EXISTS) for address in _addresses(old)]
        try:
            self._table.transact([*deletes, *_puts(new)], token=token)
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise not_found() from error
            raise AlreadyExistsError(new.key_id) from error


def _addresses(record: ServiceKeyRecord) -> tuple[Key, Key]:
    return keys.service_key(record.tenant_id, record.key_id), keys.service_key_by_id(record.key_id)


def _puts(record: ServiceKeyRecord) -> list[Put]:
    return [Put(_item(address, record), when=_IS_NEW) for address in _addresses(record)]


def _item(address: Key, record: ServiceKeyRecord) -> Item:
    return {
        "pk": address.pk,
        "sk": address.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": record.tenant_id,
        "key_id": record.key_id,
        "type": record.type,
        "tag": record.tag,
        "created_at": record.created_at,
        "secret_hash": record.secret_hash,
        "sealed_secret": record.sealed_secret,
    }


def _record(item: Item) -> ServiceKeyRecord:
    return ServiceKeyRecord(
        tenant_id=item["tenant_id"],
        key_id=item["key_id"],
        type=item["type"],
        tag=item["tag"],
        created_at=item["created_at"],
        secret_hash=item["secret_hash"],
        sealed_secret=item["sealed_secret"].value,
    )
