"""What was used: one item for each conversation and day with its user, and one with the tenant's others.

Each holds the sums of the whole day, so it is put again rather than added to, and a put that was lost is made good by
the next one. The user's item comes first: through it an erasure finds what else names the user.
"""

from collections.abc import Sequence

from parlance.conversations.model import Conversation, DayUsage
from parlance.storage import keys
from parlance.storage.items import day_usage_map, ttl_seconds
from parlance.storage.table import ConditionFailedError, Item, Key, Put, Table
from parlance.usage.port import UsageRow

KEPT_MS = 400 * 24 * 3600 * 1000
"""A year and some, so that a year can be compared with the one before."""


class DynamoUsageStore:
    """`parlance.usage.port.UsageStore` over the Conversations table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, conversation: Conversation) -> None:
        for key in _keys(conversation):
            try:
                self._table.put(
                    Put(
                        _item(key, conversation),
                        when="attribute_not_exists(pk) OR ended_attempts < :ended",
                        values={"ended": conversation.ended_attempts},
                    )
                )
            except ConditionFailedError:
                continue  # As much or more of the day is known there.

    def is_recorded(self, conversation: Conversation) -> bool:
        wanted = _keys(conversation)
        found = self._table.batch_get(wanted)
        return all(key in found and found[key]["ended_attempts"] >= conversation.ended_attempts for key in wanted)

    def of_day(self, tenant_id: str, day: str) -> list[UsageRow]:
        stored = self._table.query_all(
            keys.usage_pk(tenant_id, day), first="conversation#", last=f"conversation#{keys.HIGHEST}"
        )
        return [_row(item) for item in stored]

    def of_user(self, tenant_id: str, user_id: str, *, first_day: str, last_day: str) -> list[UsageRow]:
        stored = self._table.query_all(
            keys.user_pk(tenant_id, user_id),
            first=keys.user_usage_sk(first_day, ""),
            last=keys.user_usage_sk(last_day, keys.HIGHEST),
        )
        return [_row(item) for item in stored]


def _keys(conversation: Conversation) -> Sequence[Key]:
    if conversation.usage is None:
        return ()
    tenant_id, day = conversation.tenant_id, conversation.usage.day
    return (
        keys.user_usage(tenant_id, conversation.user_id, day, conversation.id),
        keys.usage(tenant_id, day, conversation.id),
    )


def _item(key: Key, conversation: Conversation) -> Item:
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "conversation_id": conversation.id,
        "agent_id": conversation.agent_id,
        "user_id": conversation.user_id,
        "ended_attempts": conversation.ended_attempts,
        "used": day_usage_map(conversation.usage),
        "expires_at": ttl_seconds(conversation.updated_at + KEPT_MS),
    }


def _row(item: Item) -> UsageRow:
    return UsageRow(
        conversation_id=item["conversation_id"],
        agent_id=item["agent_id"],
        user_id=item.get("user_id"),
        usage=DayUsage(**item["used"]),
    )
