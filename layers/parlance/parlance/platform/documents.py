"""Documents: what the platform dialect keeps of a resource, and what it needs of a store for them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """One resource. `values` are its fields by their names on the wire, `parent` the id of what it belongs to, if any.

    `revision` counts its changes. Times are milliseconds since 1970.
    """

    tenant_id: str
    id: str
    created_at: int
    updated_at: int
    values: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    revision: int = 0

    @property
    def alias(self) -> str | None:
        """By what it is found besides its id, and no other of its kind: its alias, or a contact's fingerprint."""
        if fingerprint := self.values.get("fingerprint"):
            return fingerprint_alias(fingerprint)
        return self.values.get("alias") or None

    @property
    def position(self) -> "Position":
        return Position(self.created_at, self.id)


def fingerprint_alias(fingerprint: str) -> str:
    """With a colon, which no alias that a client gives may hold."""
    return f"fingerprint:{hashlib.sha256(fingerprint.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a list: right where that document stands, or stood. The id orders what was made in one millisecond."""

    created_at: int
    id: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Neighbours in a list. `end` is where reading stopped, None when nothing is left."""

    documents: Sequence[Document]
    end: Position | None


class ChangedError(Exception):
    """The document was changed or deleted since it was read."""


class DocumentStore(Protocol):
    """Where the documents of one kind live. Reads see every write that was answered before them.

    Calls that take a `token` do nothing twice under it, which is how a caller tries again after an UnansweredError.
    """

    def create(self, document: Document, *, token: str) -> None:
        """Raises ConflictError when its alias is taken, NotFoundError when its parent is gone."""
        ...

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None: ...

    def slice(self, tenant_id: str, parent: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        """Up to `limit` documents by time of creation. Costs the same at every position, also at one that is empty."""
        ...

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        """Raises ChangedError when it is not as `before` any more, ConflictError when the new alias is taken."""
        ...

    def delete(self, document: Document, *, token: str) -> None:
        """With all that belongs to it. Raises ChangedError."""
        ...

    def by_alias(self, tenant_id: str, alias: str) -> str | None:
        """The id of the document of that alias."""
        ...


class DocumentsAround:
    """A DocumentStore over another, for those that add something to some of its calls."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def create(self, document: Document, *, token: str) -> None:
        self._store.create(document, token=token)

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:
        return self._store.get(tenant_id, parent, document_id)

    def slice(self, tenant_id: str, parent: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        return self._store.slice(tenant_id, parent, after=after, newest_first=newest_first, limit=limit)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        self._store.replace(before, after, token=token)

    def delete(self, document: Document, *, token: str) -> None:
        self._store.delete(document, token=token)

    def by_alias(self, tenant_id: str, alias: str) -> str | None:
        return self._store.by_alias(tenant_id, alias)
