"""Erasure: afterwards neither table holds a user's name, nor anything that they said, wherever it stood."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.agents.calls import Called, Calling, ReplyEvent
from parlance.agents.context import ClientFunction, TurnContext, VerifiedIdentity
from parlance.agents.definitions import Agent
from parlance.agents.models.base import Cancellation, Completed, ModelError, TextDelta, ToolCall
from parlance.clock import SystemClock, day_of
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation
from parlance.conversations.port import RequestKey
from parlance.conversations.service import Conversations
from parlance.conversations.sweeper import Sweeper
from parlance.conversations.timing import Timing
from parlance.identity.login_sessions import LoginSession
from parlance.identity.model import Tenant
from parlance.identity.port import TicketRecord
from parlance.identity.users import Account
from parlance.ids import RandomIds
from parlance.platform.channels import Channels
from parlance.platform.conversations import MessageDocuments
from parlance.platform.declarations import RESOURCES
from parlance.platform.documents import fingerprint_alias
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.ratings import Ratings
from parlance.platform.sessions import SessionRecord
from parlance.privacy.erasure import Erasure, Pass
from parlance.realtime.model import Connection
from parlance.storage import keys
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.census import TableCensus
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.event_log import DynamoEventLog
from parlance.storage.library import stores
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.people import DynamoPeople
from parlance.storage.retention import DynamoRetentionStore
from parlance.storage.sessions import DynamoSessionStore
from parlance.storage.table import Item, Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.tickets import DynamoTicketStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.visits import DynamoVisitLog
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import Budget, Scope
from parlance.usage.prices import Prices
from tests.fakes.contents import MemoryContents
from tests.fakes.house import QueuedSweeps, QueuedWakeups, ScriptedResponder

pytestmark = pytest.mark.storage

TIMING = Timing(look_every=0.1, tick=0.01)


class OneAgent:
    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return Agent(tenant_id, agent_id, "Ada", "Be kind.", 0, 0)


class UntoldNews:
    """Ends of turns that nobody has come to pass on yet."""

    def wanted(self, tenant_id: str) -> bool:
        return True

    def tell(self, tenant_id: str, conversation_id: str) -> None:
        pass


class Bench:
    """One tenant; identity and conversations may share a table, as their keys do not overlap."""

    def __init__(self, table: Table, identity: Table | None = None) -> None:
        self.table, self.identity, self.tenant_id = table, identity or table, f"tenant-{uuid4().hex}"
        self.clock, self.ids, self.sweeps = SystemClock(), RandomIds(), QueuedSweeps()
        self.store, self.turns = DynamoConversationStore(table), DynamoTurnStore(table)
        self.usage, self.budgets, wakeups = DynamoUsageStore(table), DynamoBudgetStore(table), QueuedWakeups()
        service = Conversations(self.store, self.turns, self.sweeps, clock=self.clock, ids=self.ids)
        self.responder = ScriptedResponder()
        people = DynamoPeople(table, DynamoConnectionStore(table), self.ids, self.identity)
        self.erasure = Erasure(service, people)
        self.caller = Caller(
            TurnEngine(self.turns, wakeups, clock=self.clock, ids=self.ids),
            self.turns,
            self.responder,
            wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=TIMING,
            accounts=TenantAccounts(
                self.budgets,
                self.usage,
                self.turns,
                OneAgent(),
                Prices({}),
                clock=self.clock,
                completions=DynamoEventLog(table, self.clock, self.ids),
            ),
            news=UntoldNews(),
        )
        self.library = Library(RESOURCES, stores(table, self.clock, self.ids), clock=self.clock, ids=self.ids)

    def say(self, user_id: str, chat_id: str) -> None:
        now = self.clock.now()
        creates = Conversation(self.tenant_id, chat_id, user_id, "default", "A chat", now, now)
        command = BeginTurn(self.tenant_id, chat_id, "hello", creates=creates)
        running = self.caller.send(command, deadline=self.clock.monotonic() + 100)
        list(running.events)
        running.join(10)
        DynamoVisitLog(self.table).record(self.tenant_id, chat_id, began_at=running.begun.turn.created_at)

    def erase(self, user_id: str) -> Pass:
        done = self.erasure.erase(self.tenant_id, user_id)
        for tenant_id, chat_id, _ in self.sweeps.asked:
            Sweeper(self.store, MemoryContents(), clock=self.clock).sweep(
                tenant_id, chat_id, deadline=self.clock.monotonic() + 100
            )
        return done

    def holding(self, *words: str) -> list[Item]:
        """The items of both tables that any of these words stands in: in a key, a value, or an attribute's name."""
        tables = [self.table] if self.identity is self.table else [self.table, self.identity]
        return [
            item
            for table in tables
            for item in table.scan("")
            if any(word in json.dumps(item, default=_plain, ensure_ascii=False) for word in words)
        ]

    def naming(self, word: str) -> list[str]:
        return [item["pk"] for item in self.holding(word)]

    def attempts(self) -> int:
        rows = self.usage.of_day(self.tenant_id, day_of(self.clock.now()))
        return sum(row.usage.attempts for row in rows)


def _plain(value: object) -> object:
    return sorted(value, key=str) if isinstance(value, frozenset) else str(value)


def kinds(found: Iterable[Item]) -> set[str]:
    """What kinds of items these are, by the first word of their sort key, and of documents by their partition's."""
    return {_kind(item) for item in found}


def _kind(item: Item) -> str:
    first = item["sk"].partition("#")[0]
    return str(item["pk"].split("#")[3].removesuffix("@")) if first in {"item", "alias"} else str(first)


@pytest.fixture
def bench(table: Table) -> Bench:
    return Bench(table)


def test_a_visitor_who_is_called_as_their_conversation(bench: Bench) -> None:
    visitor, other = f"visitor-{uuid4().hex}", f"visitor-{uuid4().hex}"
    for one in (visitor, other):
        bench.say(one, one)
    assert bench.naming(visitor)
    assert bench.erase(visitor) == Pass(conversations=1, connections=0, known=True)
    assert bench.naming(visitor) == []
    assert bench.naming(other)
    assert bench.attempts() == 2
    assert bench.erase(visitor).found_nothing
    assert bench.attempts() == 2


def test_an_account_and_its_sessions(bench: Bench, table: Table) -> None:
    DynamoTenantStore(table).create_tenant(Tenant(bench.tenant_id, "Acme", 1))
    accounts, sessions = DynamoAccountStore(table), DynamoLoginSessionStore(table)
    name = f"ann-{uuid4().hex}"
    account = Account(bench.tenant_id, f"account-{uuid4().hex}", "c", name, "active", frozenset(), 1)
    other = replace(account, id=f"account-{uuid4().hex}", username="bob")
    for one in (account, other):
        accounts.create(one, token=bench.ids.random())
        sessions.put(LoginSession(bench.tenant_id, one.id, "session", 0, 1, 2))
    assert bench.erase(name) == Pass(conversations=0, connections=0, known=True)
    assert bench.naming(name) == bench.naming(account.id) == []
    assert len(bench.naming(other.id)) == 2


def test_the_census_names_who_is_left_and_nobody_who_is_only_alike(bench: Bench, table: Table) -> None:
    census = TableCensus(table)
    bench.say("ann", f"chat-{uuid4().hex}")
    bench.say("ann-marie", f"chat-{uuid4().hex}")
    assert census.naming(bench.tenant_id, "ann")
    bench.erase("ann")
    assert census.naming(bench.tenant_id, "ann") == []
    assert census.naming(bench.tenant_id, "ann-marie")
    assert census.naming("another-tenant", "ann-marie") == []


def test_a_contact_of_the_platform_dialect_and_what_names_it(bench: Bench) -> None:
    library = bench.library
    contacts, conversations = library.engine("contact"), library.engine("conversation")
    contact = contacts.create(bench.tenant_id, {"fingerprint": "customer-17", "email": "ada@example.com"})
    other = contacts.create(bench.tenant_id, {"fingerprint": "customer-18"})
    for one in (contact, other):
        library.engine("memory").create(bench.tenant_id, {"contactId": one.id, "text": "Likes tea."})
        task = library.engine("task").create(bench.tenant_id, {"contactId": one.id})
        run = {"status": "idle", "summary": f"Wrote to {one.id}."}
        library.engine("taskExecution").put(bench.tenant_id, run, parent=task.id)
        conversations.create(bench.tenant_id, {"contactId": one.id})
    given = conversations.create(bench.tenant_id, {"backstory": "Be brief."})
    conversations.update(bench.tenant_id, given.id, {"contactId": contact.id})
    assert bench.erase(contact.id) == Pass(conversations=2, connections=0, known=True)
    assert bench.naming(contact.id) == bench.naming("ada@example.com") == []
    assert bench.erase(contact.id).found_nothing
    assert contacts.by_alias(bench.tenant_id, fingerprint_alias("customer-17")) is None
    assert contacts.by_alias(bench.tenant_id, fingerprint_alias("customer-18")) == other.id
    left = [one.id for one in conversations.walk(bench.tenant_id, ListQuery())]
    assert len(left) == 1


class Person:
    """A user, and a text that nobody else says, wherever either can come to stand."""

    CHANNEL = "channel_of_the_client"

    def __init__(self, bench: Bench, user_id: str | None = None) -> None:
        self.bench, self.id, self.text = bench, user_id or f"user-{uuid4().hex}", f"said by {uuid4().hex}"
        bench.responder.script = self._talk

    def talk(self, chat_id: str) -> None:
        """Two turns, of which one fails, with everything that goes with a turn."""
        for failing in (False, True):
            self._failing = failing
            context = TurnContext(
                VerifiedIdentity(self.id, {"name": self.text}),
                [
                    ClientFunction("data", self.text, {"type": "object"}, data=self.text),
                    ClientFunction("live", self.text, {"type": "object"}, channel=self.CHANNEL),
                ],
            )
            command = BeginTurn(
                self.bench.tenant_id,
                chat_id,
                self.text,
                {"note": self.text},
                idempotency_key=f"{self.text} {failing}",
                profile={"entities": self.text},
                context=context,
            )
            running = self.bench.caller.send(command, deadline=self.bench.clock.monotonic() + 100)
            list(running.events)
            running.join(10)
        DynamoVisitLog(self.bench.table).record(self.bench.tenant_id, chat_id, began_at=running.begun.turn.created_at)

    def create(self, chat_id: str) -> None:
        now = self.bench.clock.now()
        chat = Conversation(
            self.bench.tenant_id, chat_id, self.id, "default", self.text, now, now, metadata={"note": self.text}
        )
        key = RequestKey(uuid4().hex, "body", now + 60_000)
        self.bench.store.create(chat, key=key, token=self.bench.ids.random())

    def come_in(self, chat_id: str) -> None:
        """By a ticket, a session of the platform dialect and a connection, with an account."""
        tenant_id, now = self.bench.tenant_id, self.bench.clock.now()
        ticket = TicketRecord(tenant_id, chat_id, self.id, "key", "secret", now + 60_000)
        DynamoTicketStore(self.bench.table).put(ticket, expires_at=now + 60_000, token=self.bench.ids.random())
        DynamoSessionStore(self.bench.table).put(SessionRecord(tenant_id, chat_id, "hash", now + 60_000))
        connection = Connection(f"connection-{uuid4().hex}", tenant_id, self.id, chat_id, "key", now)
        connections = DynamoConnectionStore(self.bench.table)
        connections.connect(connection, 1, instead_of=None, expires_at=now + 60_000, token=self.bench.ids.random())
        connections.mark_connected(connection)
        account = Account(tenant_id, f"account-{uuid4().hex}", "c", self.id, "active", frozenset(), 1)
        DynamoTenantStore(self.bench.identity).create_tenant(Tenant(tenant_id, "Acme", 1))
        DynamoAccountStore(self.bench.identity).create(account, token=self.bench.ids.random())
        DynamoLoginSessionStore(self.bench.identity).put(LoginSession(tenant_id, account.id, "session", 0, 1, 2))

    def limit(self) -> None:
        for period in ("day", "month"):
            self.bench.budgets.put(Budget(self.bench.tenant_id, Scope("user", self.id), period, tokens=10**9))

    def rate(self, **about: str) -> None:
        Ratings(self.bench.library).vote(self.bench.tenant_id, -1, {"reason": self.text}, about)

    def publish(self, channel: str) -> None:
        channels = Channels(self.bench.library, self.bench.clock)
        channels.publish(self.bench.tenant_id, channel, {"text": self.text, "user": self.id})

    def _talk(self, _content: str, cancel: Cancellation) -> Iterator[ReplyEvent]:
        call = ToolCall("c1", "data", json.dumps({"query": self.text}))
        yield Calling(call)
        yield Called(call, "ok", self.text, 1)
        yield TextDelta(f"You are {self.id}. {self.text}")
        # Tokens are kept while a reply is under way.
        cancel.wait(3 * TIMING.look_every)
        if self._failing:
            raise ModelError("gone")
        yield Completed(3, 4)


def test_a_user_who_left_their_name_and_words_everywhere(table: Table, identity_table: Table) -> None:
    bench = Bench(table, identity_table)
    bob, chat = f"bob-{uuid4().hex}", f"chat_{uuid4().hex}"
    bench.say(bob, f"chat_{uuid4().hex}")
    ann = Person(bench)
    ann.limit()
    ann.create(chat)
    ann.come_in(chat)
    ann.talk(chat)
    ann.rate(conversationId=chat, messageId="m")
    ann.publish(Person.CHANNEL)
    left = bench.holding(ann.id, ann.text)
    assert kinds(left) == {
        *("account", "budget", "channelMessage", "connected", "connection", "conversation", "message", "rating"),
        *("spending", "ticket", "tokens", "turn", "usage", "user", "chat"),
    }  # fmt: skip
    assert kinds(bench.holding(chat)) >= {"conversation", "event", "idempotency", "news", "request", "session", "visit"}
    assert bench.erase(ann.id) == Pass(conversations=1, connections=1, known=True)
    assert bench.holding(ann.id, ann.text, chat) == []
    assert bench.naming(bob)
    assert bench.attempts() == 3
    assert bench.erase(ann.id).found_nothing


def test_a_contact_of_the_platform_dialect_who_was_a_visitor_first(table: Table, identity_table: Table) -> None:
    bench = Bench(table, identity_table)
    words = f"said by {uuid4().hex}"
    engine, tenant_id = bench.library.engine, bench.tenant_id
    named = {"name": words, "description": words, "meta": {"note": words}}
    contact = engine("contact").create(
        tenant_id,
        {**named, "fingerprint": words, "email": words, "phone": words, "nick": words, "preferences": words},
    )
    other = engine("contact").create(tenant_id, {"fingerprint": "customer-18"})
    person = Person(bench, contact.id)
    first = {"messages": [{"type": "user", "text": words}]}
    own = engine("conversation").create(tenant_id, {**named, **first, "contactId": contact.id})
    given = engine("conversation").create(tenant_id, {**named, **first, "backstory": words})
    person.rate(conversationId=given.id)
    person.talk(given.id)
    engine("conversation").update(tenant_id, given.id, {"contactId": contact.id})
    kept = engine("conversation").create(tenant_id, {"contactId": other.id})
    for kind, more in (("memory", {"text": words}), ("task", {})):
        engine(kind).create(tenant_id, {**named, **more, "contactId": contact.id})
    person.rate(contactId=contact.id)
    everything = (contact.id, words, person.text, own.id, given.id)
    assert kinds(bench.holding(contact.id, words, person.text)) == {
        *("agent", "chat", "contact", "conversation", "event", "memory", "message", "rating", "task", "tokens", "turn"),
        "user",
    }  # fmt: skip
    assert kinds(bench.holding(f"visitor_{given.id}")) == {"chat", "conversation", "usage", "user"}
    assert bench.erase(contact.id) == Pass(conversations=2, connections=0, known=True)
    assert bench.holding(*everything) == []
    assert bench.erase(contact.id).found_nothing
    assert bench.naming(other.id)
    assert [one.id for one in engine("conversation").walk(tenant_id, ListQuery())] == [kept.id]
    assert bench.attempts() == 2


def test_somebody_whose_conversation_was_given_to_a_contact_keeps_their_others(bench: Bench) -> None:
    contact = bench.library.engine("contact").create(bench.tenant_id, {})
    bob, given, other = (f"{name}-{uuid4().hex}" for name in ("bob", "chat", "chat"))
    bench.say(bob, given)
    bench.say(bob, other)
    bench.library.engine("conversation").update(bench.tenant_id, given, {"contactId": contact.id})
    assert bench.erase(contact.id) == Pass(conversations=1, connections=0, known=True)
    assert bench.naming(contact.id) == []
    chats = bench.store.user_chats(bench.tenant_id, bob, offset=0, limit=9, order="asc").chats
    assert [chat.id for chat in chats] == [other]


def test_conversations_of_the_platform_dialect_expire_as_all_others(bench: Bench) -> None:
    DynamoRetentionStore(bench.table).set_days(bench.tenant_id, 30)
    library = bench.library
    sent = {"messages": [{"type": "user", "text": "Hello"}]}
    begun = library.engine("conversation").create(bench.tenant_id, sent)
    messages = MessageDocuments(bench.store, bench.turns, clock=bench.clock, ids=bench.ids)
    messages.append(bench.tenant_id, begun.id, {"type": "user", "text": "And again"})
    pk = keys.conversation_pk(bench.tenant_id, begun.id)
    kept = {item["sk"]: item.get("expires_at", 0) for item in bench.table.query_all(pk, first=" ", last=keys.HIGHEST)}
    spoken = [until for sk, until in kept.items() if sk.startswith("message#")]
    assert len(spoken) == 2
    assert all(until > bench.clock.now() / 1000 for until in spoken)
    assert kept["conversation"] > max(spoken)
