"""The event log: what happened to an account's resources, and what its turns used. Ids and numbers, no words.

An event is one write after what it tells of, and is left out when that fails: nobody has to repeat what is done.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from parlance.platform.documents import Document, DocumentsAround, DocumentStore

if TYPE_CHECKING:
    from parlance.platform.fields import Resource

KEPT_MS = 30 * 24 * 3600 * 1000
COMPLETION = "conversation.complete"


class Events(Protocol):
    """Where events are written down."""

    def record(self, tenant_id: str, kind: str, ids: Mapping[str, str], meta: Mapping[str, Any] | None = None) -> None:
        """`ids` are by their names on the wire, such as `botId`. Never raises for a storage that fails."""
        ...


class LoggedDocuments(DocumentsAround):
    """A DocumentStore of which every change that clients can see is an event."""

    def __init__(self, store: DocumentStore, resource: "Resource", events: Events) -> None:
        super().__init__(store)
        self._resource = resource
        self._events = events
        self._sent = [field.name for field in resource.fields if not field.server_made]

    def create(self, document: Document, *, token: str) -> None:
        self._store.create(document, token=token)
        self._record("create", document)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        self._store.replace(before, after, token=token)
        if any(before.values.get(name) != after.values.get(name) for name in self._sent):
            self._record("update", after)

    def delete(self, document: Document, *, token: str) -> None:
        self._store.delete(document, token=token)
        self._record("delete", document)

    def _record(self, action: str, document: Document) -> None:
        self._events.record(document.tenant_id, f"{self._resource.kind}.{action}", ids_of(self._resource, document))


def ids_of(resource: "Resource", document: Document) -> dict[str, str]:
    """The document's own id and those that it names. A contact's is told of the contact alone."""
    named = {
        field.name: document.values[field.name]
        for field in resource.fields
        if field.link and field.link != "contact" and document.values.get(field.name)
    }
    parent = {f"{resource.parent}Id": document.parent} if resource.parent else {}
    return {**named, **parent, f"{resource.kind}Id": document.id}
