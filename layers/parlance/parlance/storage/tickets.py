"""Tickets in the Conversations table, in the partition of their conversation: they go with it."""

from parlance.errors import NotFoundError
from parlance.identity.port import TicketRecord
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import (
    Check,
    ConditionFailedError,
    Item,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)

_LIVE = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"
_UNSPENT = "attribute_exists(pk) AND attribute_not_exists(spent_at) AND valid_until >= :now"


class DynamoTicketStore:
    """`parlance.identity.port.TicketStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, record: TicketRecord, *, expires_at: int, token: str) -> TicketRecord | None:
        conversation = keys.conversation(record.tenant_id, record.conversation_id)
        try:
            self._table.transact(
                [Check(conversation, when=_LIVE), Put(_item(record, expires_at), when="attribute_not_exists(pk)")],
                token=token,
            )
        except TransactionCancelledError as error:
            if error.failed_condition(0):
                raise NotFoundError("chat") from error
            earlier = error.reasons[1].item
            if earlier is None:
                raise
            return _record(earlier)
        return None

    def spend(self, tenant_id: str, conversation_id: str, secret_hash: str, *, now: int) -> TicketRecord | None:
        key = keys.ticket(tenant_id, conversation_id, secret_hash)
        try:
            item = self._table.update(Update(key, "SET spent_at = :now", when=_UNSPENT, values={"now": now}))
        except ConditionFailedError:
            return None
        return _record(item)


def _item(record: TicketRecord, expires_at: int) -> Item:
    key = keys.ticket(record.tenant_id, record.conversation_id, record.secret_hash)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": record.tenant_id,
        "conversation_id": record.conversation_id,
        "user_id": record.user_id,
        "key_hash": record.key_hash,
        "secret_hash": record.secret_hash,
        "valid_until": record.valid_until,
        "request_hash": record.request_hash,
        "expires_at": ttl_seconds(expires_at),
    }


def _record(item: Item) -> TicketRecord:
    return TicketRecord(
        tenant_id=item["tenant_id"],
        conversation_id=item["conversation_id"],
        user_id=item["user_id"],
        key_hash=item["key_hash"],
        secret_hash=item["secret_hash"],
        valid_until=item["valid_until"],
        request_hash=item.get("request_hash"),
    )
