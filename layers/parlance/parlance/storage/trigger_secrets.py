"""Whose a trigger's secret is. It yields the tenant, so it is kept apart, under its hash."""

import hashlib

from parlance.platform.callers import TriggerPlace
from parlance.platform.documents import Document, DocumentsAround, DocumentStore
from parlance.storage import keys
from parlance.storage.table import Delete, Put, Table


class DynamoTriggerSecrets:
    """`parlance.platform.gate.TriggerReader` over the Conversations table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def place(self, secret: str) -> TriggerPlace | None:
        item = self._table.get(keys.trigger_by_hash(_hashed(secret)))
        return TriggerPlace(item["tenant_id"], item["id"]) if item else None


class TriggerDocuments(DocumentsAround):
    """The triggers' own DocumentStore. A secret is known before its trigger is there, and as long as that is."""

    def __init__(self, store: DocumentStore, table: Table) -> None:
        super().__init__(store)
        self._table = table

    def create(self, document: Document, *, token: str) -> None:
        key = keys.trigger_by_hash(_hashed(document.values["secret"]))
        known = {"tenant_id": document.tenant_id, "id": document.id}
        self._table.put(Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, **known}))
        self._store.create(document, token=token)

    def delete(self, document: Document, *, token: str) -> None:
        self._store.delete(document, token=token)
        self._table.delete(Delete(keys.trigger_by_hash(_hashed(document.values["secret"]))))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
