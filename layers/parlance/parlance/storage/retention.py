"""For how long a tenant keeps what is said: one item, read where a conversation is created."""

from parlance.storage import keys
from parlance.storage.table import Delete, Item, Put, Table


def days_in(item: Item | None) -> int | None:
    return item["days"] if item else None


class DynamoRetentionStore:
    """`parlance.retention.port.RetentionStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def days(self, tenant_id: str) -> int | None:
        return days_in(self._table.get(keys.retention(tenant_id)))

    def set_days(self, tenant_id: str, days: int | None) -> None:
        key = keys.retention(tenant_id)
        if days is None:
            self._table.delete(Delete(key))
        else:
            self._table.put(Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "days": days}))
