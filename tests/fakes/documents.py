"""Documents in memory. They pass the same contract suite as the repository."""

import threading
from collections.abc import Callable
from dataclasses import replace

from parlance.errors import ConflictError, NotFoundError
from parlance.platform.documents import ChangedError, Document, Position, Slice

type Place = tuple[str, str]


class MemoryDocuments:
    """`parlance.platform.documents.DocumentStore`. `parent_exists` says whether a document's parent is there."""

    def __init__(self, parent_exists: Callable[[str, str], bool] | None = None) -> None:
        self._lock = threading.RLock()
        self._documents: dict[Place, dict[str, Document]] = {}
        self._aliases: dict[Place, str] = {}
        self._parent_exists = parent_exists or (lambda _, __: True)
        self._done: set[str] = set()

    def create(self, document: Document, *, token: str) -> None:
        with self._lock:
            if token in self._done:
                return
            if not self._parent_exists(document.tenant_id, document.parent):
                raise NotFoundError("parent", "Not found")
            self._take(document, document.alias)
            self._documents.setdefault((document.tenant_id, document.parent), {})[document.id] = document
            self._done.add(token)

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:
        return self._documents.get((tenant_id, parent), {}).get(document_id)

    def slice(self, tenant_id: str, parent: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        with self._lock:
            held = self._documents.get((tenant_id, parent), {}).values()
            ordered = sorted(held, key=lambda document: document.position, reverse=newest_first)
        rest = [
            document
            for document in ordered
            if after is None or (document.position < after if newest_first else document.position > after)
        ]
        found = rest[:limit]
        return Slice(found, found[-1].position if len(rest) > limit else None)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        with self._lock:
            if token in self._done:
                return
            if self.get(before.tenant_id, before.parent, before.id) != before:
                raise ChangedError
            if before.alias != after.alias:
                self._take(after, after.alias)
                self._free(before)
            held = self._documents[before.tenant_id, before.parent]
            held[before.id] = replace(after, revision=before.revision + 1)
            self._done.add(token)

    def delete(self, document: Document, *, token: str) -> None:
        with self._lock:
            if token in self._done:
                return
            if self.get(document.tenant_id, document.parent, document.id) != document:
                raise ChangedError
            self._free(document)
            del self._documents[document.tenant_id, document.parent][document.id]
            self._done.add(token)

    def by_alias(self, tenant_id: str, alias: str) -> str | None:
        return self._aliases.get((tenant_id, alias))

    def _take(self, document: Document, alias: str | None) -> None:
        if alias is None:
            return
        if (document.tenant_id, alias) in self._aliases:
            raise ConflictError("Unique constraint violation")
        self._aliases[document.tenant_id, alias] = document.id

    def _free(self, document: Document) -> None:
        if document.alias is not None:
            del self._aliases[document.tenant_id, document.alias]
