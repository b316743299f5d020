"""What the platform dialect keeps of a user: their contact, and what names it.

Memories, tasks, ratings and events are read one by one, as there is no index by contact: few are erased, and many are
read.
"""

import json
from collections.abc import Iterator, Set
from itertools import batched

from parlance.storage import keys
from parlance.storage.documents import PlainShelf
from parlance.storage.listing import CONVERSATIONS
from parlance.storage.table import Item, Table

_PREFIX = "contact_"
_NAMING = ("memory", "task", "rating", "event")
_TELLING = ("rating", "event")
_FIRST, _LAST = " ", keys.HIGHEST
_AT_ONCE = 100


def of_user(table: Table, tenant_id: str, user_id: str) -> list[Item]:
    """The items that go with a user of the dialect; none for anybody else's users, whose names no contact has."""
    if not user_id.startswith(_PREFIX):
        return []
    contact = table.get(keys.document(tenant_id, "contact", "", user_id))
    found = [contact, *_aliases(table, contact)] if contact else []
    for kind in _NAMING:
        documents = table.query_all(keys.documents_pk(tenant_id, kind), first=_FIRST, last=_LAST)
        named = [item for item in documents if json.loads(item["values"]).get("contactId") == user_id]
        found += [*named, *(run for item in named for run in _executions(table, item))]
    return found


def conversations_of(table: Table, tenant_id: str, user_id: str) -> Iterator[str]:
    """Those that were given to a contact after they had begun, and so are another user's to the rest of the house."""
    yield from (item["id"] for item in _given(table, tenant_id, user_id))


def visitors_of(table: Table, tenant_id: str, user_id: str) -> Iterator[str]:
    """The users of those, where they are nothing but the visitor of that one conversation."""
    for item in _given(table, tenant_id, user_id):
        if item["user_id"] in {visitor_of(item["id"]), item["id"]}:
            yield item["user_id"]


def visitor_of(conversation_id: str) -> str:
    """The user of a conversation that belongs to no contact."""
    return f"visitor_{conversation_id}"


def told_of(table: Table, tenant_id: str, conversation_ids: Set[str]) -> Iterator[Item]:
    """What was thought of those conversations, whoever it was, and what the event log says of them."""
    for kind in _TELLING if conversation_ids else ():
        for item in table.query_all(keys.documents_pk(tenant_id, kind), first=_FIRST, last=_LAST):
            if json.loads(item["values"]).get("conversationId") in conversation_ids:
                yield item


def _given(table: Table, tenant_id: str, user_id: str) -> Iterator[Item]:
    if not user_id.startswith(_PREFIX):
        return
    listed = table.query_all(keys.listing_pk(tenant_id, CONVERSATIONS), first=_FIRST, last=_LAST)
    for some in batched(listed, _AT_ONCE, strict=False):
        summaries = [keys.conversation(tenant_id, item["sk"].partition("#")[2]) for item in some]
        for item in table.batch_get(summaries).values():
            if "deleted_at" not in item and json.loads(item.get("profile", "{}")).get("contactId") == user_id:
                yield item


def _aliases(table: Table, contact: Item) -> list[Item]:
    alias = PlainShelf("contact").document(contact).alias
    item = table.get(keys.alias(contact["tenant_id"], "contact", alias)) if alias else None
    return [item] if item else []


def _executions(table: Table, item: Item) -> Iterator[Item]:
    """The runs of a task say what its bot answered; nothing else has any."""
    return table.query_all(keys.documents_pk(item["tenant_id"], "taskExecution", item["id"]), first=_FIRST, last=_LAST)
