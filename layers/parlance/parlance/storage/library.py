"""Where each kind of resource of the platform dialect lies."""

from collections.abc import Callable

from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.knowledge.indexing import AnnouncedDatasets, IndexRequests, NoRequests
from parlance.platform.catalogue import CATALOGUE, OfferedDocuments, offered
from parlance.platform.conversations import MessageDocuments
from parlance.platform.documents import DocumentStore
from parlance.platform.fields import Resource
from parlance.platform.records import AnnouncedDocuments, RecordDocuments
from parlance.storage import keys
from parlance.storage.conversation_documents import ConversationDocuments
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.documents import DocumentRepository, PlainShelf, Shelf
from parlance.storage.shelves import BotShelf, DatasetShelf
from parlance.storage.table import Key, Table
from parlance.storage.turns import DynamoTurnStore

_OFFERED = {resource.kind for resource in CATALOGUE}


def stores(
    table: Table, clock: Clock, ids: IdSource, requests: IndexRequests | None = None
) -> Callable[[Resource], DocumentStore]:
    """Makes the store of a resource. `requests` are told of changes to datasets, by those who may change them."""
    announced = requests or NoRequests()
    shelves: dict[str, Shelf] = {
        "bot": BotShelf(),
        "datasetFile": PlainShelf("datasetFile", parent_key=keys.dataset),
        "skillset": PlainShelf("skillset", dependents=_abilities),
        "ability": PlainShelf("ability", parent_key=_skillset),
    }

    def store_for(resource: Resource) -> DocumentStore:
        match resource.kind:
            case "record":
                return RecordDocuments(AnnouncedDatasets(DatasetRepository(table, clock, ids), announced))
            case "message":
                return MessageDocuments(DynamoConversationStore(table), DynamoTurnStore(table), clock=clock, ids=ids)
            case "conversation":
                return ConversationDocuments(table, clock, ids)
            case "dataset":
                return AnnouncedDocuments(DocumentRepository(table, DatasetShelf()), announced)
            case kind if kind in _OFFERED:
                return OfferedDocuments(offered(kind))
            case kind:
                return DocumentRepository(table, shelves.get(kind) or PlainShelf(kind))

    return store_for


def _skillset(tenant_id: str, skillset_id: str) -> Key:
    return keys.document(tenant_id, "skillset", "", skillset_id)


def _abilities(tenant_id: str, skillset_id: str) -> list[str]:
    return [keys.documents_pk(tenant_id, "ability", skillset_id)]
