"""Connections and slots in the Conversations table."""

from collections.abc import Sequence
from contextlib import suppress

from parlance.realtime.model import Connection, Slot
from parlance.realtime.port import SlotTakenError
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import (
    ConditionFailedError,
    ContendedError,
    Delete,
    Item,
    Put,
    Table,
    TransactionCancelledError,
)

_SLOT_PREFIX = "slot#"
_FREE = "attribute_not_exists(pk) OR expires_at <= :now"


class DynamoConnectionStore:
    """`parlance.realtime.port.ConnectionStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def slots(self, tenant_id: str) -> Sequence[Slot]:
        stored = self._table.query_all(
            keys.slots_pk(tenant_id), first=_SLOT_PREFIX, last=f"{_SLOT_PREFIX}{keys.HIGHEST}"
        )
        return [_slot_from(item) for item in stored]

    def connect(
        self, connection: Connection, slot: int, *, instead_of: str | None, expires_at: int, token: str
    ) -> None:
        when, values = _FREE, {"now": connection.connected_at // 1000}
        take = Put(_slot_item(connection, slot, expires_at), when=when, values=values)
        if instead_of is not None:
            take = Put(take.item, when=f"{when} OR connection_id = :other", values=values | {"other": instead_of})
        store = Put(_connection_item(connection, slot, expires_at), when="attribute_not_exists(pk)")
        try:
            self._table.transact([take, store], token=token)
        except ContendedError as error:
            raise SlotTakenError(None) from error
        except TransactionCancelledError as error:
            if error.failed_condition(1):
                return
            held = error.reasons[0].item
            raise SlotTakenError(_slot_from(held) if held else None) from error

    def connection(self, connection_id: str) -> Connection | None:
        item = self._table.get(keys.connection(connection_id))
        return _connection_from(item) if item else None

    def disconnect(self, connection_id: str) -> None:
        key = keys.connection(connection_id)
        item = self._table.get(key)
        if item is None:
            return
        slot = keys.slot(item["tenant_id"], item["slot"])
        with suppress(ConditionFailedError):  # taken over, or freed before
            self._table.delete(Delete(slot, when="connection_id = :me", values={"me": connection_id}))
        self._table.delete(Delete(key))

    def mark_connected(self, connection: Connection) -> bool:
        key = keys.user_connected(connection.tenant_id, connection.user_id)
        mark = {
            "pk": key.pk,
            "sk": key.sk,
            "v": keys.SCHEMA_VERSION,
            "connection_id": connection.id,
            "connected_at": connection.connected_at,
        }
        try:
            self._table.put(
                Put(mark, when="attribute_not_exists(pk) OR connection_id = :me", values={"me": connection.id})
            )
        except ConditionFailedError:
            return False
        return True


def _slot_item(connection: Connection, slot: int, expires_at: int) -> Item:
    key = keys.slot(connection.tenant_id, slot)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "connection_id": connection.id,
        "taken_at": connection.connected_at,
        "expires_at": ttl_seconds(expires_at),
    }


def _slot_from(item: Item) -> Slot:
    return Slot(
        number=int(item["sk"].removeprefix(_SLOT_PREFIX)),
        connection_id=item["connection_id"],
        taken_at=item["taken_at"],
        expires_at=item["expires_at"] * 1000,
    )


def _connection_item(connection: Connection, slot: int, expires_at: int) -> Item:
    key = keys.connection(connection.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "id": connection.id,
        "tenant_id": connection.tenant_id,
        "user_id": connection.user_id,
        "chat_id": connection.chat_id,
        "key_hash": connection.key_hash,
        "slot": slot,
        "connected_at": connection.connected_at,
        "expires_at": ttl_seconds(expires_at),
    }


def _connection_from(item: Item) -> Connection:
    return Connection(
        id=item["id"],
        tenant_id=item["tenant_id"],
        user_id=item["user_id"],
        chat_id=item["chat_id"],
        key_hash=item["key_hash"],
        connected_at=item["connected_at"],
    )
