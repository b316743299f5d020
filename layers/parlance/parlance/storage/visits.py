"""The conversations that began in a widget, newest first: one entry each, in a partition of its tenant."""

from collections.abc import Iterator
from itertools import islice

from parlance.conversations.model import Conversation
from parlance.storage import items, keys
from parlance.storage.table import Item, Put, Table

_PAGE = 100


class DynamoVisitLog:
    """`parlance.widget.port.VisitLog` over the Conversations table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, tenant_id: str, conversation_id: str, *, began_at: int) -> None:
        key = keys.visit(tenant_id, began_at, conversation_id)
        self._table.put(Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "conversation_id": conversation_id}))

    def newest(self, tenant_id: str, *, limit: int) -> list[Conversation]:
        return list(islice(self._conversations(tenant_id), limit))

    def _conversations(self, tenant_id: str) -> Iterator[Conversation]:
        """Those that are still there; entries of deleted ones are passed over."""
        last = f"visit#{keys.HIGHEST}"
        while True:
            page = self._table.query(keys.visits_pk(tenant_id), first="visit#", last=last, forward=False)
            yield from self._existing(tenant_id, page.items)
            if page.last is None:
                return
            last = _below(page.last)

    def _existing(self, tenant_id: str, entries: list[Item]) -> Iterator[Conversation]:
        for start in range(0, len(entries), _PAGE):
            wanted = [
                keys.conversation(tenant_id, entry["conversation_id"]) for entry in entries[start : start + _PAGE]
            ]
            found = self._table.batch_get(wanted)
            live = (found[key] for key in wanted if key in found and "deleted_at" not in found[key])
            yield from map(items.conversation_from, live)


def _below(sort_key: str) -> str:
    """The end of a range that reaches up to that key, without it."""
    return sort_key[:-1] + chr(ord(sort_key[-1]) - 1) + keys.HIGHEST
