"""The contract of a DocumentStore, on each shelf of the repository and on the fake that stands in for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.errors import ConflictError, NotFoundError
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset, Record
from parlance.platform.documents import ChangedError, Document, DocumentStore, Position
from parlance.storage import keys
from parlance.storage.agents import AgentRepository
from parlance.storage.datasets import DatasetRepository
from parlance.storage.documents import DocumentRepository, PlainShelf, Shelf
from parlance.storage.listing import entry
from parlance.storage.shelves import BotShelf, DatasetShelf
from tests.fakes.documents import MemoryDocuments

if TYPE_CHECKING:
    from parlance.storage.table import Key, Table

pytestmark = pytest.mark.storage

SHELVES: dict[str, Callable[[], Shelf]] = {
    "plain": lambda: PlainShelf("thing"),
    "bot": BotShelf,
    "dataset": DatasetShelf,
}


@pytest.fixture(params=["memory", *SHELVES])
def store(request: pytest.FixtureRequest) -> DocumentStore:
    if request.param == "memory":
        return MemoryDocuments()
    return DocumentRepository(request.getfixturevalue("table"), SHELVES[request.param]())


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex}"


def token() -> str:
    return RandomIds().random()


def a_document(tenant: str, number: int = 1, created_at: int | None = None, /, **values: Any) -> Document:
    at = number if created_at is None else created_at
    named: dict[str, Any] = {"name": f"Number {number}", **values}
    return Document(tenant, f"thing_{at:012x}{number:024x}", at, at, named)


def put(store: DocumentStore, document: Document) -> Document:
    store.create(document, token=token())
    found = store.get(document.tenant_id, document.parent, document.id)
    assert found is not None
    return found


def ids_of(store: DocumentStore, tenant: str, *, limit: int, newest_first: bool) -> list[str]:
    found: list[str] = []
    after: Position | None = None
    while True:
        part = store.slice(tenant, "", after=after, newest_first=newest_first, limit=limit)
        assert len(part.documents) <= limit
        found += [document.id for document in part.documents]
        if part.end is None:
            return found
        after = part.end


class TestOneDocument:
    def test_reads_back_as_it_was_written(self, store: DocumentStore, tenant: str) -> None:
        values: dict[str, Any] = {"meta": {"huge": 10**60, "nested": {"list": [1.5, None]}}, "alias": "a-thing"}
        document = a_document(tenant, **values)
        found = put(store, document)
        assert found.position == document.position
        # Some shelves say what holds where nothing was sent: a bot has a model in any case.
        assert document.values.items() <= found.values.items()

    def test_belongs_to_one_tenant(self, store: DocumentStore, tenant: str) -> None:
        document = put(store, a_document(tenant, alias="mine"))
        assert store.get("another", "", document.id) is None
        assert store.by_alias("another", "mine") is None
        assert store.slice("another", "", after=None, newest_first=True, limit=9).documents == []

    def test_is_created_once_under_one_token(self, store: DocumentStore, tenant: str) -> None:
        document, once = a_document(tenant, alias="once"), token()
        store.create(document, token=once)
        store.create(document, token=once)
        assert ids_of(store, tenant, limit=5, newest_first=True) == [document.id]

    def test_changes(self, store: DocumentStore, tenant: str) -> None:
        before = put(store, a_document(tenant, description="Old", meta={"a": 1}))
        after = replace(before, values={"name": "New", "meta": {"b": 2}}, updated_at=99)
        once = token()
        store.replace(before, after, token=once)
        store.replace(before, after, token=once)
        found = store.get(tenant, "", before.id)
        assert found is not None
        assert (found.values["name"], found.values["meta"], found.updated_at) == ("New", {"b": 2}, 99)
        assert "description" not in found.values
        assert found.created_at == before.created_at

    def test_is_not_changed_by_who_saw_it_earlier(self, store: DocumentStore, tenant: str) -> None:
        before = put(store, a_document(tenant))
        store.replace(before, replace(before, values={"name": "First"}), token=token())
        with pytest.raises(ChangedError):
            store.replace(before, replace(before, values={"name": "Second"}), token=token())
        with pytest.raises(ChangedError):
            store.delete(before, token=token())
        found = store.get(tenant, "", before.id)
        assert found is not None
        assert found.values["name"] == "First"
        store.replace(found, replace(found, values={"name": "Third"}), token=token())

    def test_is_gone_once_deleted(self, store: DocumentStore, tenant: str) -> None:
        document, once = put(store, a_document(tenant, alias="gone")), token()
        store.delete(document, token=once)
        store.delete(document, token=once)
        assert store.get(tenant, "", document.id) is None
        assert store.by_alias(tenant, "gone") is None
        assert ids_of(store, tenant, limit=5, newest_first=True) == []
        with pytest.raises(ChangedError):
            store.delete(document, token=token())
        with pytest.raises(ChangedError):
            store.replace(document, document, token=token())


class TestAliases:
    def test_find_their_document(self, store: DocumentStore, tenant: str) -> None:
        document = put(store, a_document(tenant, alias="known"))
        assert store.by_alias(tenant, "known") == document.id
        assert store.by_alias(tenant, "unknown") is None

    def test_are_taken_once(self, store: DocumentStore, tenant: str) -> None:
        put(store, a_document(tenant, 1, alias="taken"))
        with pytest.raises(ConflictError):
            store.create(a_document(tenant, 2, alias="taken"), token=token())
        assert len(ids_of(store, tenant, limit=5, newest_first=True)) == 1
        third = put(store, a_document(tenant, 3))
        with pytest.raises(ConflictError):
            store.replace(third, replace(third, values={"name": "x", "alias": "taken"}), token=token())

    def test_move_and_are_free_again(self, store: DocumentStore, tenant: str) -> None:
        first = put(store, a_document(tenant, 1, alias="old"))
        store.replace(first, replace(first, values={**first.values, "alias": "new"}), token=token())
        assert store.by_alias(tenant, "old") is None
        assert store.by_alias(tenant, "new") == first.id
        second = put(store, a_document(tenant, 2, alias="old"))
        assert store.by_alias(tenant, "old") == second.id


class TestLists:
    @pytest.mark.parametrize("newest_first", [True, False])
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
    def test_are_in_order_with_ties(self, store: DocumentStore, tenant: str, limit: int, *, newest_first: bool) -> None:
        made = [put(store, a_document(tenant, number, 1_000 + number // 3)) for number in range(7)]
        ordered = sorted(made, key=lambda document: document.position, reverse=newest_first)
        found = ids_of(store, tenant, limit=limit, newest_first=newest_first)
        assert found == [document.id for document in ordered]

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_go_on_from_where_an_item_stood(self, store: DocumentStore, tenant: str, *, newest_first: bool) -> None:
        made = [put(store, a_document(tenant, number, 1_000)) for number in range(6)]
        ordered = sorted(made, key=lambda document: document.position, reverse=newest_first)
        part = store.slice(tenant, "", after=None, newest_first=newest_first, limit=3)
        for gone in ordered[1:4]:
            store.delete(gone, token=token())
        late = put(store, a_document(tenant, 9, 2_000 if newest_first else 500))
        rest = store.slice(tenant, "", after=part.documents[-1].position, newest_first=newest_first, limit=9)
        assert [document.id for document in rest.documents] == [document.id for document in ordered[4:]]
        assert rest.end is None
        assert late.id not in {document.id for document in rest.documents}


class TestDynamo:
    def test_a_parent_must_be_there(self, table: "Table", tenant: str) -> None:
        parents = DocumentRepository(table, PlainShelf("parent", dependents=_children))
        store = DocumentRepository(table, PlainShelf("child", parent_key=_parent))
        with pytest.raises(NotFoundError):
            store.create(replace(a_document(tenant), parent="nobody"), token=token())
        parent = put(cast("DocumentStore", parents), a_document(tenant))
        child = put(cast("DocumentStore", store), replace(a_document(tenant, 2), parent=parent.id))
        assert store.get(tenant, "another", child.id) is None
        parents.delete(parent, token=token())
        assert store.get(tenant, parent.id, child.id) is None

    def test_a_bot_is_an_agent(self, table: "Table", tenant: str) -> None:
        bots, agents = DocumentRepository(table, BotShelf()), AgentRepository(table)
        values: dict[str, Any] = {
            "model": "large/temperature=0.5",
            "backstory": "Be brief.",
            "datasetId": "docs",
            "privacy": False,
        }
        bot = put(cast("DocumentStore", bots), a_document(tenant, **values))
        agent = agents.get(tenant, bot.id)
        assert agent is not None
        assert (agent.name, agent.instructions, agent.dataset_id) == ("Number 1", "Be brief.", "docs")
        assert (agent.model, agent.settings) == ("large", {"temperature": 0.5})
        assert bot.values["model"] == "large/temperature=0.5"
        assert bot.values["privacy"] is False

    def test_an_agent_is_a_bot(self, table: "Table", tenant: str) -> None:
        bots, agents = DocumentRepository(table, BotShelf()), AgentRepository(table)
        agents.create(Agent(tenant, "default", "Ada", "Be kind.", 5, 6, settings={"pace": {"ms": 3}}))
        bot = bots.get(tenant, "", "default")
        assert bot is not None
        assert bot.values == {"name": "Ada", "backstory": "Be kind.", "model": "extractive"}
        assert bots.slice(tenant, "", after=None, newest_first=True, limit=5).documents == [bot]
        bots.replace(bot, replace(bot, values={**bot.values, "name": "Bea"}), token=token())
        changed = agents.get(tenant, "default")
        assert changed is not None
        assert (changed.name, changed.settings) == ("Bea", {"pace": {"ms": 3}})

    def test_a_creation_that_failed_is_not_listed_twice(self, table: "Table", tenant: str) -> None:
        agents = AgentRepository(table)
        agents.create(Agent(tenant, "default", "Ada", "", 5, 5))
        with pytest.raises(ConflictError):
            agents.create(Agent(tenant, "default", "Bea", "", 6, 6))
        bots = cast("DocumentStore", DocumentRepository(table, BotShelf()))
        assert ids_of(bots, tenant, limit=9, newest_first=True) == ["default"]
        assert len(list(table.query_all(keys.listing_pk(tenant, "agent"), first="0", last="9" * 20))) == 1
        # One that was killed between its two writes leaves an entry behind.
        table.put(entry(tenant, "agent", 7, "default"))
        for limit in (1, 9):
            assert ids_of(bots, tenant, limit=limit, newest_first=True) == ["default"]

    def test_a_change_of_a_dataset_leaves_its_records_alone(self, table: "Table", tenant: str) -> None:
        documents = DocumentRepository(table, DatasetShelf())
        datasets = DatasetRepository(table, SystemClock(), RandomIds())
        datasets.create(Dataset(tenant, "docs", "Docs", "All", 5, 5))
        seen = documents.get(tenant, "", "docs")
        assert seen is not None
        datasets.add_record(tenant, "docs", Record("rec_1", "Hello", "", "", 0, 5, 5))
        documents.replace(seen, replace(seen, values={"name": "Other", "searchMaxRecords": 3}), token=token())
        dataset = datasets.get(tenant, "docs")
        assert dataset is not None
        assert (dataset.name, dataset.record_count, dataset.version) == ("Other", 1, 2)
        assert dataset.profile == {"searchMaxRecords": 3}
        current = documents.get(tenant, "", "docs")
        assert current is not None
        documents.delete(current, token=token())
        assert list(datasets.records(tenant, "docs")) == []

    def test_a_deep_page_costs_what_the_first_one_costs(self, table: "Table", tenant: str) -> None:
        for number in range(300):
            DocumentRepository(table, PlainShelf("thing")).create(a_document(tenant, number), token=token())
        calls: list[str] = []
        observed = type(table)(table.client, table.name, observer=lambda name, _: calls.append(name))
        store = DocumentRepository(observed, PlainShelf("thing"))
        for at in (299, 150, 10):
            calls.clear()
            after = a_document(tenant, at).position
            found = store.slice(tenant, "", after=after, newest_first=True, limit=10)
            assert [document.created_at for document in found.documents] == list(range(at - 1, at - 11, -1))
            assert calls == ["query"]


def _parent(tenant_id: str, parent: str) -> "Key":
    return keys.document(tenant_id, "parent", "", parent)


def _children(tenant_id: str, parent: str) -> list[str]:
    return [keys.documents_pk(tenant_id, "child", parent)]
