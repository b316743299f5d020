"""Messages that expire: what is left of a conversation never looks broken."""

from uuid import uuid4

import pytest

from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.log import Ended
from parlance.conversations.model import Conversation
from parlance.conversations.service import Conversations, NewConversation
from parlance.errors import NotFoundError
from parlance.ids import RandomIds
from parlance.privacy.retention import Retention
from parlance.storage import keys
from parlance.storage.census import TableCensus
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.retention import DynamoRetentionStore
from parlance.storage.table import Item, Key, Table
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.clock import START, ManualClock
from tests.fakes.house import QueuedSweeps, QueuedWakeups, ScriptedResponder

pytestmark = pytest.mark.storage

DAY = 24 * 3600


class Bench:
    """One tenant that keeps messages for ten days, and the hand of time."""

    def __init__(self, table: Table, days: int | None = 10) -> None:
        self.table, self.clock, self.ids = table, ManualClock(), RandomIds()
        self.tenant_id = f"tenant-{uuid4().hex}"
        self.store, self.turns = DynamoConversationStore(table, self.clock), DynamoTurnStore(table, self.clock)
        self.retention = Retention(DynamoRetentionStore(table), TableCensus(table))
        if days is not None:
            self.retention.set(self.tenant_id, days)
        self.responder, wakeups = ScriptedResponder(), QueuedWakeups()
        self.service = Conversations(self.store, self.turns, QueuedSweeps(), clock=self.clock, ids=self.ids)
        engine = TurnEngine(self.turns, wakeups, clock=self.clock, ids=self.ids)
        self.caller = Caller(engine, self.turns, self.responder, wakeups, clock=self.clock, ids=self.ids)

    def chat(self) -> str:
        new = NewConversation(self.tenant_id, "ann", "default", "A chat", {})
        return self.service.create(new, idempotency_key=None).id

    def say(self, chat_id: str, content: str) -> None:
        running = self.caller.send(BeginTurn(self.tenant_id, chat_id, content), deadline=self.clock.monotonic() + 100)
        *_, end = running.events
        running.join(10)
        assert isinstance(end, Ended)

    def contents(self, chat_id: str) -> list[str]:
        page = self.service.messages(self.tenant_id, chat_id, offset=0, limit=100, order="asc")
        return [message.content for message in page.messages]

    def items(self, chat_id: str) -> list[Item]:
        pk = keys.conversation_pk(self.tenant_id, chat_id)
        return list(self.table.query_all(pk, first=" ", last=keys.HIGHEST))

    def clean_up(self, chat_id: str) -> None:
        """What the table's time to live does some time after an item has expired."""
        now = self.clock.now() // 1000
        gone = [item for item in self.items(chat_id) if item.get("expires_at", now + 1) <= now]
        self.table.batch_write(deletes=[Key(item["pk"], item["sk"]) for item in gone])

    def days_later(self, days: float) -> None:
        self.clock.advance(days * DAY)

    def listed(self) -> tuple[list[Conversation], int]:
        page = self.store.user_chats(self.tenant_id, "ann", offset=0, limit=10, order="asc")
        return list(page.chats), page.total


@pytest.fixture
def bench(table: Table) -> Bench:
    return Bench(table)


@pytest.mark.parametrize("cleaned", [False, True])
def test_old_messages_go_and_the_conversation_goes_on(bench: Bench, *, cleaned: bool) -> None:
    chat = bench.chat()
    bench.say(chat, "old")
    bench.days_later(6)
    bench.say(chat, "newer")
    bench.days_later(6)
    if cleaned:
        bench.clean_up(chat)
    assert bench.contents(chat) == ["newer", "re: newer"]
    bench.say(chat, "now")
    assert [message.content for message in bench.responder.histories[-1]] == ["newer", "re: newer"]
    assert bench.contents(chat) == ["newer", "re: newer", "now", "re: now"]
    assert bench.listed()[1] == 1


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_conversation_without_messages_left_can_still_be_spoken_in(bench: Bench, *, cleaned: bool) -> None:
    chat = bench.chat()
    bench.say(chat, "old")
    bench.days_later(10.5)
    if cleaned:
        bench.clean_up(chat)
    assert bench.contents(chat) == []
    bench.say(chat, "back again")
    assert bench.responder.histories[-1] == []
    bench.days_later(9)
    assert bench.contents(chat) == ["back again", "re: back again"]


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_conversation_that_was_left_is_gone(bench: Bench, *, cleaned: bool) -> None:
    chat, kept = bench.chat(), bench.chat()
    bench.say(chat, "old")
    bench.days_later(5)
    bench.say(kept, "young")
    bench.days_later(7)
    if cleaned:
        bench.clean_up(chat)
        assert bench.items(chat) == []
    with pytest.raises(NotFoundError):
        bench.service.get(bench.tenant_id, chat)
    chats, total = bench.listed()
    assert [one.id for one in chats] == [kept]
    if cleaned:
        assert total == 1
        assert bench.listed() == (chats, total)


def test_everything_that_is_written_expires_no_later_than_its_conversation(bench: Bench) -> None:
    chat = bench.chat()
    bench.say(chat, "one")
    items = {item["sk"]: item for item in bench.items(chat)}
    summary = items.pop("conversation")
    assert summary["expires_at"] == START // 1000 + 11 * DAY
    assert {item["expires_at"] for item in items.values()} == {START // 1000 + 10 * DAY}


def test_a_tenant_that_keeps_everything_has_nothing_that_expires(table: Table) -> None:
    bench = Bench(table, None)
    chat = bench.chat()
    bench.say(chat, "one")
    assert all("expires_at" not in item for item in bench.items(chat))
    bench.days_later(10_000)
    assert bench.contents(chat) == ["one", "re: one"]


def test_what_is_there_already_takes_up_a_new_retention_and_lays_it_down(table: Table) -> None:
    bench = Bench(table, None)
    chat = bench.chat()
    bench.say(chat, "one")
    assert bench.retention.set(bench.tenant_id, 10).conversations == 1
    assert all("expires_at" in item for item in bench.items(chat))
    bench.days_later(2)
    bench.say(chat, "two")
    bench.retention.set(bench.tenant_id, 1)
    assert bench.contents(chat) == ["two", "re: two"]
    bench.retention.set(bench.tenant_id, None)
    assert all("expires_at" not in item for item in bench.items(chat))
    assert bench.retention.days(bench.tenant_id) is None


def test_another_tenants_conversations_are_left_alone(bench: Bench, table: Table) -> None:
    other = Bench(table, None)
    chat = other.chat()
    other.say(chat, "mine")
    bench.retention.set(bench.tenant_id, 1)
    assert all("expires_at" not in item for item in other.items(chat))


def test_a_session_that_comes_back_after_its_conversation_is_gone_begins_anew(bench: Bench) -> None:
    now = bench.clock.now()
    session = Conversation(bench.tenant_id, "session_1", "ann", "default", "A chat", now, now)
    for content in ("first", "much later"):
        command = BeginTurn(bench.tenant_id, session.id, content, creates=session)
        running = bench.caller.send(command, deadline=bench.clock.monotonic() + 100)
        list(running.events)
        running.join(10)
        if content == "first":
            bench.days_later(20)
            bench.clean_up(session.id)
    assert bench.contents(session.id) == ["much later", "re: much later"]
