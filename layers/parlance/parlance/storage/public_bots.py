"""Which bots anybody may talk with. Their ids yield the tenant, so only those count that nobody could choose."""

from parlance.platform.documents import Document, DocumentsAround, DocumentStore
from parlance.storage import keys
from parlance.storage.table import Delete, Put, Table

_OURS = "bot_"
"""What ids begin with that the dialect has made up."""


class DynamoPublicBots:
    """`parlance.platform.public_gate.PublicBots` over the Conversations table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def tenant_of(self, bot_id: str) -> str | None:
        item = self._table.get(keys.public_bot(bot_id))
        return str(item["tenant_id"]) if item else None


class PublicBotDocuments(DocumentsAround):
    """The bots' own DocumentStore. What is kept here only finds a bot: whether it is public is asked of it."""

    def __init__(self, store: DocumentStore, table: Table) -> None:
        super().__init__(store)
        self._table = table

    def create(self, document: Document, *, token: str) -> None:
        self._store.create(document, token=token)
        if _is_public(document):
            self._publish(document)

    def replace(self, before: Document, after: Document, *, token: str) -> None:
        self._store.replace(before, after, token=token)
        if _is_public(after):
            self._publish(after)
        elif _is_public(before):
            self._table.delete(Delete(keys.public_bot(after.id)))

    def delete(self, document: Document, *, token: str) -> None:
        self._store.delete(document, token=token)
        if _is_public(document):
            self._table.delete(Delete(keys.public_bot(document.id)))

    def _publish(self, document: Document) -> None:
        key = keys.public_bot(document.id)
        self._table.put(Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "tenant_id": document.tenant_id}))


def _is_public(document: Document) -> bool:
    return document.values.get("visibility") == "public" and document.id.startswith(_OURS)
