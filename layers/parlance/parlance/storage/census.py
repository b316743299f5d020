"""Whole tables, read item by item: for operators, who may scan, and never for a function."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from parlance.conversations.model import Conversation
from parlance.storage import items, keys
from parlance.storage.table import ConditionFailedError, Item, Key, Table, Update

_WRITTEN = ("message#", "turn#", "news#")


class TableCensus:
    """`parlance.privacy.port.Census`. The Conversations table comes first."""

    def __init__(self, conversations: Table, *others: Table) -> None:
        self._table = conversations
        self._tables: Sequence[Table] = (conversations, *others)

    def conversations(self, tenant_id: str) -> Iterator[Conversation]:
        for item in self._table.scan(keys.conversation_pk(tenant_id, "")):
            if item["sk"] == "conversation" and "deleted_at" not in item:
                yield items.conversation_from(item)

    def naming(self, tenant_id: str, user_id: str) -> list[str]:
        return [
            f"{item['pk']} / {item['sk']}"
            for table in self._tables
            for item in table.scan("")
            if _belongs(item, tenant_id) and _names(item, user_id)
        ]

    def keep_for(self, conversation: Conversation, days: int | None) -> int:
        """The summary first: from then on, what is added expires by itself."""
        until = _until(conversation.updated_at, days)
        stays = until + items.SUMMARY_STAYS if until is not None else None
        changed = self._expire(keys.conversation(conversation.tenant_id, conversation.id), stays, days)
        pk = keys.conversation_pk(conversation.tenant_id, conversation.id)
        for kind in _WRITTEN:
            for item in self._table.query_all(pk, first=kind, last=f"{kind}{keys.HIGHEST}"):
                written = item.get("ended_at") or item.get("created_at") or conversation.updated_at
                changed += self._expire(Key(pk, item["sk"]), _until(written, days), None)
        return changed

    def _expire(self, key: Key, until: int | None, days: int | None) -> int:
        is_summary = key.sk == "conversation"
        sets = ["expires_at = :until"] if until is not None else []
        sets += ["retention_days = :days"] if is_summary and days is not None else []
        removes = ["expires_at"] if until is None else []
        removes += ["retention_days"] if is_summary and days is None else []
        expression = f"SET {', '.join(sets)} " if sets else ""
        expression += f"REMOVE {', '.join(removes)}" if removes else ""
        values = {name: value for name, value in (("until", until), ("days", days)) if f":{name}" in expression}
        try:
            self._table.update(Update(key, expression.strip(), when="attribute_exists(pk)", values=values))
        except ConditionFailedError:
            return 0  # Deleted meanwhile.
        return 1


def _until(written: int, days: int | None) -> int | None:
    return None if days is None else items.ttl_seconds(written + days * items.DAY_MS)


def _belongs(item: Item, tenant_id: str) -> bool:
    return item["pk"].startswith(f"T#{tenant_id}#") or item.get("tenant_id") == tenant_id


def _names(item: Item, user_id: str) -> bool:
    """As a whole value or as a part of a key: a user called `a` is not named by every word with an a in it."""
    if item["pk"].endswith((f"#U#{user_id}", f"#P#{user_id}")) or item["sk"].endswith(f"#{user_id}"):
        return True
    return any(_holds(value, user_id) for name, value in item.items() if name not in {"pk", "sk"})


def _holds(value: Any, user_id: str) -> bool:
    match value:
        case str():
            return value == user_id or json.dumps(user_id) in value
        case dict():
            return any(_holds(one, user_id) for one in value.values())
        case list() | frozenset() | set():
            return any(_holds(one, user_id) for one in value)
    return False
