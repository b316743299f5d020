"""Tickets: the same for every store, and spent once however many try."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from parlance.conversations.model import Conversation
from parlance.errors import NotFoundError
from parlance.identity.port import TicketRecord, TicketStore
from parlance.ids import RandomIds
from parlance.storage import items, keys
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Put, Table
from parlance.storage.tickets import DynamoTicketStore
from tests.fakes.identity import MemoryTicketStore

pytestmark = pytest.mark.storage

_NOW = 1_750_000_000_000


def _record(tenant_id: str, conversation_id: str = "chat_1") -> TicketRecord:
    return TicketRecord(tenant_id, conversation_id, "alice", "key", RandomIds().random(), _NOW + 60_000)


@pytest.fixture
def tenant_id() -> str:
    return f"tenant_{RandomIds().random()}"


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest, tenant_id: str) -> TicketStore:
    """A store that knows one conversation of the tenant, `chat_1`."""
    if request.param == "memory":
        memory = MemoryTicketStore()
        memory.conversations.add((tenant_id, "chat_1"))
        return memory
    table: Table = request.getfixturevalue("table")
    table.put(Put(items.conversation_item(Conversation(tenant_id, "chat_1", "alice", "a", "t", _NOW, _NOW))))
    return DynamoTicketStore(table)


def _put(store: TicketStore, record: TicketRecord) -> TicketRecord | None:
    return store.put(record, expires_at=record.valid_until, token=RandomIds().random())


def test_a_ticket_is_spent_once(store: TicketStore, tenant_id: str) -> None:
    record = _record(tenant_id)
    assert _put(store, record) is None
    assert store.spend(tenant_id, "chat_1", record.secret_hash, now=_NOW) == record
    assert store.spend(tenant_id, "chat_1", record.secret_hash, now=_NOW) is None


def test_of_twenty_uses_at_once_one_wins(store: TicketStore, tenant_id: str) -> None:
    record = _record(tenant_id)
    _put(store, record)
    with ThreadPoolExecutor(20) as pool:
        uses = pool.map(lambda _: store.spend(tenant_id, "chat_1", record.secret_hash, now=_NOW), range(20))
        assert sum(use is not None for use in uses) == 1


def test_a_ticket_expires(store: TicketStore, tenant_id: str) -> None:
    record = _record(tenant_id)
    _put(store, record)
    assert store.spend(tenant_id, "chat_1", record.secret_hash, now=record.valid_until + 1) is None
    assert store.spend(tenant_id, "chat_1", record.secret_hash, now=record.valid_until) == record


def test_a_ticket_is_looked_for_where_it_was_put(store: TicketStore, tenant_id: str) -> None:
    record = _record(tenant_id)
    _put(store, record)
    assert store.spend(tenant_id, "chat_2", record.secret_hash, now=_NOW) is None
    assert store.spend(tenant_id + "x", "chat_1", record.secret_hash, now=_NOW) is None


def test_the_same_secret_again_gives_the_earlier_ticket(store: TicketStore, tenant_id: str) -> None:
    record = replace(_record(tenant_id), request_hash="body")
    assert _put(store, record) is None
    later = replace(record, valid_until=record.valid_until + 5000, request_hash="other")
    assert _put(store, later) == record


def test_there_is_no_ticket_to_a_chat_that_is_not_there(store: TicketStore, tenant_id: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        _put(store, _record(tenant_id, "chat_2"))
    assert refused.value.kind == "chat"


def test_there_is_no_ticket_to_a_deleted_chat(table: Table, tenant_id: str) -> None:
    conversations = DynamoConversationStore(table)
    conversation = Conversation(tenant_id, "chat_1", "alice", "a", "t", _NOW, _NOW)
    conversations.create(conversation, key=None, token=RandomIds().random())
    conversations.mark_deleted(tenant_id, "chat_1", now=_NOW, token=RandomIds().random())
    with pytest.raises(NotFoundError):
        _put(DynamoTicketStore(table), _record(tenant_id))


def test_a_ticket_goes_with_its_conversation(table: Table, tenant_id: str) -> None:
    record = _record(tenant_id)
    assert keys.ticket(tenant_id, "chat_1", record.secret_hash).pk == keys.conversation(tenant_id, "chat_1").pk
