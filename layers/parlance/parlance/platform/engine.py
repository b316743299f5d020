"""The life of every resource: created, listed, fetched, changed and deleted as its declaration says."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from parlance.clock import Clock
from parlance.errors import NotFoundError, UnavailableError
from parlance.identity.persistence import patiently
from parlance.ids import IdSource
from parlance.platform import changes
from parlance.platform.bodies import read
from parlance.platform.documents import ChangedError, Document, DocumentStore, Position, Slice
from parlance.platform.fields import ALIAS_SHAPE, ID_SHAPE, Resource
from parlance.platform.lists import Listed, ListQuery, page, walk

_ATTEMPTS = 12
_PAUSE_SECONDS = 0.02


class Links(Protocol):
    """Finds what a resource names."""

    def resolve(self, tenant_id: str, kind: str, reference: str) -> str:
        """The id behind an id or `@alias`. Raises NotFoundError."""
        ...


class ResourceEngine:
    """One kind of resource of any tenant. References are ids or `@alias`; `parent` is the id of what it belongs to."""

    def __init__(self, resource: Resource, store: DocumentStore, links: Links, *, clock: Clock, ids: IdSource) -> None:
        self.resource = resource
        self._store = store
        self._links = links
        self._clock = clock
        self._ids = ids

    def create(self, tenant_id: str, body: dict[str, Any], *, parent: str = "") -> Document:
        """Raises InvalidInputError, NotFoundError for a link or the parent, ConflictError for an alias taken."""
        read(self.resource.creation, body)
        return self.put(tenant_id, changes.created(self.resource, body), parent=parent)

    def put(self, tenant_id: str, values: Mapping[str, Any], *, parent: str = "") -> Document:
        """Store a new resource of checked values; links are checked, and what the server makes is put in."""
        now = self._clock.now()
        made = {one.name: one.made() for one in self.resource.fields if one.made and one.name not in values}
        document = Document(
            tenant_id=tenant_id,
            id=f"{self.resource.prefix}_{now:012x}{self._ids.random()}",
            created_at=now,
            updated_at=now,
            values={**self._linked(tenant_id, values, {}), **made},
            parent=parent,
        )
        token = self._ids.random()
        patiently(lambda: self._store.create(document, token=token), self._clock)
        return document

    def fetch(self, tenant_id: str, reference: str, *, parent: str = "") -> Document:
        """Raises NotFoundError."""
        document = self._store.get(tenant_id, parent, self.identify(tenant_id, reference))
        if document is None or self._has_expired(document):
            raise self._absent()
        return document

    def by_alias(self, tenant_id: str, alias: str) -> str | None:
        """The id of who holds an alias, in its stored form."""
        return self._store.by_alias(tenant_id, alias)

    def identify(self, tenant_id: str, reference: str) -> str:
        """The id that a reference means; what it names need not exist. Raises NotFoundError."""
        if not reference.startswith("@"):
            if not ID_SHAPE.match(reference):
                raise self._absent()
            return reference
        alias = reference[1:]
        found = self._store.by_alias(tenant_id, alias) if alias and ALIAS_SHAPE.match(alias) else None
        if found is None:
            raise self._absent()
        return found

    def update(self, tenant_id: str, reference: str, body: dict[str, Any], *, parent: str = "") -> Document:
        """Raises what `create` raises."""
        read(self.resource.change, body)
        return self.change(
            tenant_id, reference, lambda values: changes.changed(self.resource, values, body), parent=parent
        )

    def change(
        self,
        tenant_id: str,
        reference: str,
        changed: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        parent: str = "",
    ) -> Document:
        """Replace the values by what `changed` makes of them, again while others are at it."""

        def attempt(before: Document) -> Document:
            values = self._linked(tenant_id, changed(before.values), before.values)
            after = replace(before, values=values, updated_at=max(self._clock.now(), before.created_at))
            token = self._ids.random()
            patiently(lambda: self._store.replace(before, after, token=token), self._clock)
            return after

        return self._on_current(tenant_id, parent, reference, attempt)

    def delete(self, tenant_id: str, reference: str, *, parent: str = "") -> Document:
        """Raises NotFoundError."""

        def attempt(document: Document) -> Document:
            token = self._ids.random()
            patiently(lambda: self._store.delete(document, token=token), self._clock)
            return document

        return self._on_current(tenant_id, parent, reference, attempt)

    def page(self, tenant_id: str, query: ListQuery, *, parent: str = "") -> Listed:
        return page(self._reading(tenant_id, parent, query), query)

    def walk(self, tenant_id: str, query: ListQuery, *, parent: str = "") -> Iterator[Document]:
        return walk(self._reading(tenant_id, parent, query), query)

    def _reading(self, tenant_id: str, parent: str, query: ListQuery) -> Callable[[Position | None, int], Slice]:
        def read_on(after: Position | None, limit: int) -> Slice:
            found = self._store.slice(tenant_id, parent, after=after, newest_first=query.newest_first, limit=limit)
            return replace(found, documents=[one for one in found.documents if not self._has_expired(one)])

        return read_on

    def _has_expired(self, document: Document) -> bool:
        """The table cleans up late, so what is over is passed over."""
        expires_at = document.values.get("expiresAt")
        return expires_at is not None and expires_at <= self._clock.now()

    def _on_current(
        self, tenant_id: str, parent: str, reference: str, attempt: Callable[[Document], Document]
    ) -> Document:
        for number in range(1, _ATTEMPTS + 1):
            document = self.fetch(tenant_id, reference, parent=parent)
            try:
                return attempt(document)
            except ChangedError:
                self._clock.sleep(_PAUSE_SECONDS * number)
        raise UnavailableError("The resource is being changed by others. Try again in a moment.")

    def _linked(self, tenant_id: str, values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """The values with ids where aliases stood. A link that does not change is not looked at again."""
        links = {
            one.name: self._links.resolve(tenant_id, one.link, values[one.name])
            for one in self.resource.fields
            if one.link and values.get(one.name) and values[one.name] != before.get(one.name)
        }
        return {**values, **links}

    def _absent(self) -> NotFoundError:
        return NotFoundError(self.resource.kind, "Not found")
