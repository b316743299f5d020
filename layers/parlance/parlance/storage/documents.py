"""Documents of the platform dialect in the Conversations table.

A shelf says where the documents of a kind lie. Most kinds have a partition for each tenant (and parent), where key
order is list order. Bots and datasets are the agents and datasets of the whole house, so their shelves read and write
those items, which stay the only truth about them; their order is kept by entries of a list.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from parlance.errors import ConflictError, NotFoundError
from parlance.platform.documents import ChangedError, Document, Position, Slice
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.listing import beyond, entries, entry, no_entry
from parlance.storage.table import (
    Check,
    Delete,
    Item,
    Key,
    Operation,
    Put,
    Table,
    TransactionCancelledError,
    Update,
)

_LATEST_MS = 10**15
_ABSENT = "attribute_not_exists(pk)"
_AS_SEEN = "attribute_exists(pk) AND rev = :seen"
_NEVER_CHANGED = "attribute_exists(pk) AND (attribute_not_exists(rev) OR rev = :seen)"


class Shelf(Protocol):
    """How the documents of one kind become items, and back."""

    @property
    def kind(self) -> str:
        """The name under which aliases of the kind are kept."""
        ...

    @property
    def collection(self) -> str | None:
        """The list that keeps the order, None where key order is list order."""
        ...

    def key(self, tenant_id: str, parent: str, document_id: str) -> Key: ...

    def parent_key(self, tenant_id: str, parent: str) -> Key | None:
        """Where the parent stands that a document cannot be without."""
        ...

    def dependents(self, document: Document) -> Sequence[str]:
        """The partitions that go with it."""
        ...

    def new_item(self, document: Document) -> Mapping[str, Any]:
        """The attributes of a new item, without its key."""
        ...

    def changed_item(self, before: Document, after: Document) -> Mapping[str, Any]:
        """Those attributes that a change writes; None removes one."""
        ...

    def document(self, item: Item) -> Document: ...


class PlainShelf:
    """Documents that nothing but the platform dialect knows."""

    collection: str | None = None

    def __init__(
        self,
        kind: str,
        *,
        parent_key: Callable[[str, str], Key] | None = None,
        dependents: Callable[[str, str], Sequence[str]] | None = None,
    ) -> None:
        """`parent_key` and `dependents` are told the tenant and the parent's or the document's own id."""
        self.kind = kind
        self._parent_key = parent_key
        self._dependents = dependents

    def key(self, tenant_id: str, parent: str, document_id: str) -> Key:
        return keys.document(tenant_id, self.kind, parent, document_id)

    def parent_key(self, tenant_id: str, parent: str) -> Key | None:
        return self._parent_key(tenant_id, parent) if self._parent_key else None

    def dependents(self, document: Document) -> Sequence[str]:
        return self._dependents(document.tenant_id, document.id) if self._dependents else ()

    def new_item(self, document: Document) -> Mapping[str, Any]:
        created = {"tenant_id": document.tenant_id, "id": document.id, "created_at": document.created_at}
        return {**created, "parent": document.parent or None, **self.changed_item(document, document)}

    def changed_item(self, before: Document, after: Document) -> Mapping[str, Any]:  # noqa: ARG002 - needs no other
        # A user's numbers may not fit the table's, so they stay text.
        expires_at = after.values.get("expiresAt")
        return {
            "updated_at": after.updated_at,
            "values": json.dumps(dict(after.values)),
            "expires_at": _cleaned_up_at(expires_at) if expires_at else None,
        }

    def document(self, item: Item) -> Document:
        return Document(
            tenant_id=item["tenant_id"],
            id=item["id"],
            created_at=item["created_at"],
            updated_at=item["updated_at"],
            values=json.loads(item["values"]),
            parent=item.get("parent", ""),
            revision=item.get("rev", 0),
        )


class ConversationShelf(PlainShelf):
    """Documents that lie in the partition of their conversation, and are swept with it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, parent_key=keys.conversation)

    def key(self, tenant_id: str, parent: str, document_id: str) -> Key:
        return Key(keys.conversation_pk(tenant_id, parent), f"{self.kind}#{document_id}")


class DocumentRepository:
    """`parlance.platform.documents.DocumentStore` for one shelf."""

    def __init__(self, table: Table, shelf: Shelf) -> None:
        self._table = table
        self._shelf = shelf

    def create(self, document: Document, *, token: str) -> None:
        key = self._key(document)
        item = {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "rev": document.revision}
        operations: list[Operation] = [Put({**item, **self._shelf.new_item(document)}, when=_ABSENT)]
        if self._shelf.collection:
            operations.append(entry(document.tenant_id, self._shelf.collection, document.created_at, document.id))
        alias_at, parent_at = None, None
        if document.alias:
            alias_at = len(operations)
            operations.append(self._take_alias(document, document.alias))
        parent = self._shelf.parent_key(document.tenant_id, document.parent)
        if parent:
            parent_at = len(operations)
            operations.append(Check(parent, when="attribute_exists(pk)"))
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            if parent_at is not None and error.failed_condition(parent_at):
                raise NotFoundError("parent", "Not found") from error
            self._refuse_taken(error, alias_at)
            raise ConflictError("There is one of that id already") from error

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:
        item = self._table.get(self._shelf.key(tenant_id, parent, document_id))
        return self._shelf.document(item) if item else None

    def slice(self, tenant_id: str, parent: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        if self._shelf.collection:
            return self._listed(tenant_id, after=after, newest_first=newest_first, limit=limit)
        low, high = self._shelf.key(tenant_id, parent, ""), self._shelf.key(tenant_id, parent, keys.HIGHEST)
        mark = self._shelf.key(tenant_id, parent, after.id).sk if after else None
        found = beyond(
            self._table, low.pk, first=low.sk, last=high.sk, mark=mark, newest_first=newest_first, limit=limit
        )
        documents = [self._shelf.document(item) for item in found.items]
        return Slice(documents, documents[-1].position if found.more and documents else None)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        operations: list[Operation] = [self._change(before, after)]
        alias_at = None
        if before.alias != after.alias:
            if before.alias:
                operations.append(Delete(keys.alias(before.tenant_id, self._shelf.kind, before.alias)))
            if after.alias:
                alias_at = len(operations)
                operations.append(self._take_alias(after, after.alias))
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            self._refuse_taken(error, alias_at)
            raise ChangedError from error

    def delete(self, document: Document, *, token: str) -> None:
        when = _AS_SEEN if document.revision else _NEVER_CHANGED
        operations: list[Operation] = [Delete(self._key(document), when=when, values={"seen": document.revision})]
        if document.alias:
            operations.append(Delete(keys.alias(document.tenant_id, self._shelf.kind, document.alias)))
        if self._shelf.collection:
            operations.append(no_entry(document.tenant_id, self._shelf.collection, document.created_at, document.id))
        try:
            self._table.transact(operations, token=token)
        except TransactionCancelledError as error:
            raise ChangedError from error
        for pk in self._shelf.dependents(document):
            found = self._table.query_all(pk, first=" ", last=keys.HIGHEST, keys_only=True)
            self._table.batch_write(deletes=[Key(item["pk"], item["sk"]) for item in found])

    def by_alias(self, tenant_id: str, alias: str) -> str | None:
        item = self._table.get(keys.alias(tenant_id, self._shelf.kind, alias))
        return str(item["id"]) if item else None

    def _listed(self, tenant_id: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        collection = self._shelf.collection or ""
        found = entries(self._table, tenant_id, collection, after=after, newest_first=newest_first, limit=limit)
        wanted = [self._shelf.key(tenant_id, "", position.id) for position in found.positions]
        # An entry may have been left by a creation that failed: what it names was made at another time then.
        items = self._table.batch_get(list(dict.fromkeys(wanted)))
        documents = [
            document
            for key, position in zip(wanted, found.positions, strict=True)
            if key in items and (document := self._shelf.document(items[key])).position == position
        ]
        return Slice(documents, found.end)

    def _key(self, document: Document) -> Key:
        return self._shelf.key(document.tenant_id, document.parent, document.id)

    def _change(self, before: Document, after: Document) -> Update:
        attributes = {"rev": before.revision + 1, **self._shelf.changed_item(before, after)}
        sets = ", ".join(f"#{name} = :{name}" for name, value in attributes.items() if value is not None)
        removes = ", ".join(f"#{name}" for name, value in attributes.items() if value is None)
        values = {name: value for name, value in attributes.items() if value is not None}
        return Update(
            self._key(before),
            f"SET {sets} REMOVE {removes}" if removes else f"SET {sets}",
            when=_AS_SEEN if before.revision else _NEVER_CHANGED,
            values={**values, "seen": before.revision},
        )

    def _take_alias(self, document: Document, alias: str) -> Put:
        key = keys.alias(document.tenant_id, self._shelf.kind, alias)
        return Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "id": document.id}, when=_ABSENT)

    def _refuse_taken(self, error: TransactionCancelledError, alias_at: int | None) -> None:
        if alias_at is not None and error.failed_condition(alias_at):
            raise ConflictError("Unique constraint violation") from error


def _cleaned_up_at(expires_at: float) -> int:
    """Any number may have been sent; the table holds those of a few digits."""
    return ttl_seconds(int(min(max(expires_at, 1), _LATEST_MS)))
