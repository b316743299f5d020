"""A dataset's records as documents: they are the passages that search finds, wherever they came from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parlance.errors import ConflictError, NotFoundError
from parlance.knowledge.datasets import DatasetStore, Record
from parlance.knowledge.indexing import IndexRequests
from parlance.platform.documents import ChangedError, Document, DocumentsAround, DocumentStore, Position, Slice


class RecordDocuments:
    """`parlance.platform.documents.DocumentStore` over a DatasetStore.

    Lists are in the order of ids, which keeps the passages of an imported source together; it is the only order.
    """

    def __init__(self, datasets: DatasetStore) -> None:
        self._datasets = datasets

    def create(self, document: Document, *, token: str) -> None:  # noqa: ARG002 - ids are random: a record is its own
        record = _record(document)
        try:
            self._datasets.add_record(document.tenant_id, document.parent, record)
        except ConflictError:
            if self._datasets.get_record(document.tenant_id, document.parent, record.id) != record:
                raise

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:
        record = self._datasets.get_record(tenant_id, parent, document_id)
        return _document(tenant_id, parent, record) if record else None

    def slice(
        self,
        tenant_id: str,
        parent: str,
        *,
        after: Position | None,
        newest_first: bool,  # noqa: ARG002 - there is one order
        limit: int,
    ) -> Slice:
        found = self._datasets.records_after(tenant_id, parent, after.id if after else "", limit=limit)
        documents = [_document(tenant_id, parent, record) for record in found]
        return Slice(documents, documents[-1].position if len(documents) == limit else None)

    def replace(self, before: Document, after: Document, *, token: str) -> None:  # noqa: ARG002 - writes the same again
        record = self._current(before, after)
        changed = _record(after)
        kept = replace(record, text=changed.text, source=changed.source, meta=changed.meta, updated_at=after.updated_at)
        try:
            self._datasets.update_record(before.tenant_id, before.parent, kept)
        except NotFoundError as error:
            raise ChangedError from error

    def delete(self, document: Document, *, token: str) -> None:  # noqa: ARG002 - deletes the same again
        try:
            self._datasets.delete_record(document.tenant_id, document.parent, document.id)
        except NotFoundError as error:
            raise ChangedError from error

    def by_alias(self, tenant_id: str, alias: str) -> str | None:  # noqa: ARG002 - records have none
        return None

    def _current(self, before: Document, after: Document) -> Record:
        record = self._datasets.get_record(before.tenant_id, before.parent, before.id)
        if record is None or _document(before.tenant_id, before.parent, record) not in (before, after):
            raise ChangedError
        return record


class AnnouncedDocuments(DocumentsAround):
    """The datasets' own DocumentStore: of one that is deleted, the index is to go as well."""

    def __init__(self, store: DocumentStore, requests: IndexRequests) -> None:
        super().__init__(store)
        self._requests = requests

    def delete(self, document: Document, *, token: str) -> None:
        self._store.delete(document, token=token)
        self._requests.request(document.tenant_id, document.id)


def record_values(record: Record) -> Mapping[str, Any]:
    """A record's fields on the wire."""
    values = {"text": record.text, "source": record.source, "meta": dict(record.meta)}
    return {name: value for name, value in values.items() if value}


def _document(tenant_id: str, dataset_id: str, record: Record) -> Document:
    return Document(
        tenant_id=tenant_id,
        id=record.id,
        created_at=record.created_at,
        updated_at=record.updated_at,
        values=record_values(record),
        parent=dataset_id,
    )


def _record(document: Document) -> Record:
    return Record(
        id=document.id,
        text=document.values["text"],
        source=document.values.get("source", ""),
        title="",
        position=0,
        created_at=document.created_at,
        updated_at=document.updated_at,
        meta=document.values.get("meta", {}),
    )
