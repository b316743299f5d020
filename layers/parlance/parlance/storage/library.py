"""Where each kind of resource of the platform dialect lies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.knowledge.indexing import AnnouncedDatasets, IndexRequests, NoRequests
from parlance.platform.catalogue import CATALOGUE, OfferedDocuments, offered
from parlance.platform.contents import ContentStore
from parlance.platform.conversations import MessageDocuments
from parlance.platform.documents import DocumentStore
from parlance.platform.errands import Errands, NoErrands
from parlance.platform.event_log import LoggedDocuments
from parlance.platform.fields import Resource
from parlance.platform.file_documents import FileDocuments
from parlance.platform.records import AnnouncedDocuments, RecordDocuments
from parlance.platform.scheduled_documents import TIMES, TRIGGER, ScheduledDocuments
from parlance.storage import keys
from parlance.storage.conversation_documents import ConversationDocuments
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.documents import ConversationShelf, DocumentRepository, PlainShelf, Shelf
from parlance.storage.event_log import DynamoEventLog
from parlance.storage.public_bots import PublicBotDocuments
from parlance.storage.shelves import BotShelf, DatasetShelf
from parlance.storage.table import Key, Table
from parlance.storage.trigger_secrets import TriggerDocuments
from parlance.storage.turns import DynamoTurnStore

_OFFERED = {resource.kind for resource in CATALOGUE}
_UNTOLD = _OFFERED | {"record", "message", "channelMessage", "event", "taskExecution"}
"""Kinds whose life is not in the event log: nobody changes them, they are many, or they are told of otherwise."""


def stores(
    table: Table,
    clock: Clock,
    ids: IdSource,
    requests: IndexRequests | None = None,
    errands: Errands | None = None,
    contents: ContentStore | None = None,
) -> Callable[[Resource], DocumentStore]:
    """Makes the store of a resource.

    `requests` are told of changes to datasets, `errands` of those to files and schedules, and `contents` are what files
    have, by those who may change them.
    """
    return _Stores(table, clock, ids, requests or NoRequests(), errands or NoErrands(), contents)


@dataclass(frozen=True, slots=True)
class _Stores:
    table: Table
    clock: Clock
    ids: IdSource
    requests: IndexRequests
    errands: Errands
    contents: ContentStore | None

    def __call__(self, resource: Resource) -> DocumentStore:
        store = self._of(resource.kind)
        if resource.kind in _UNTOLD:
            return store
        return LoggedDocuments(store, resource, DynamoEventLog(self.table, self.clock, self.ids))

    def _of(self, kind: str) -> DocumentStore:
        table, clock, ids = self.table, self.clock, self.ids
        match kind:
            case "record":
                return RecordDocuments(AnnouncedDatasets(DatasetRepository(table, clock, ids), self.requests))
            case "message":
                return MessageDocuments(DynamoConversationStore(table), DynamoTurnStore(table), clock=clock, ids=ids)
            case "conversation":
                return ConversationDocuments(table, clock, ids)
            case "dataset":
                return AnnouncedDocuments(DocumentRepository(table, DatasetShelf()), self.requests)
            case kind if kind in _OFFERED:
                return OfferedDocuments(offered(kind))
            case _:
                return self._accompanied(kind, DocumentRepository(table, _SHELVES.get(kind) or PlainShelf(kind)))

    def _accompanied(self, kind: str, store: DocumentStore) -> DocumentStore:
        """Of kinds with which something else has to happen."""
        if kind in TIMES:
            store = TriggerDocuments(store, self.table) if kind == TRIGGER else store
            return ScheduledDocuments(store, kind, self.errands, self.clock)
        if kind == "bot":
            return PublicBotDocuments(store, self.table)
        if kind == "file" and self.contents:
            return FileDocuments(store, self.contents, self.errands)
        return store


def _skillset(tenant_id: str, skillset_id: str) -> Key:
    return keys.document(tenant_id, "skillset", "", skillset_id)


def _abilities(tenant_id: str, skillset_id: str) -> list[str]:
    return [keys.documents_pk(tenant_id, "ability", skillset_id)]


def _task(tenant_id: str, task_id: str) -> Key:
    return keys.document(tenant_id, "task", "", task_id)


def _executions(tenant_id: str, task_id: str) -> list[str]:
    return [keys.documents_pk(tenant_id, "taskExecution", task_id)]


_SHELVES: Mapping[str, Shelf] = {
    "bot": BotShelf(),
    "datasetFile": PlainShelf("datasetFile", parent_key=keys.dataset),
    "skillset": PlainShelf("skillset", dependents=_abilities),
    "ability": PlainShelf("ability", parent_key=_skillset),
    "attachment": ConversationShelf("attachment"),
    "task": PlainShelf("task", dependents=_executions),
    "taskExecution": PlainShelf("taskExecution", parent_key=_task),
}
