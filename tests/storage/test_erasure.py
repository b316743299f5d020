"""Erasure of users whose name stands where one would not look for it."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.clock import SystemClock, day_of
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation
from parlance.conversations.service import Conversations
from parlance.conversations.sweeper import Sweeper
from parlance.identity.login_sessions import LoginSession
from parlance.identity.model import Tenant
from parlance.identity.users import Account
from parlance.ids import RandomIds
from parlance.platform.conversations import MessageDocuments
from parlance.platform.declarations import RESOURCES
from parlance.platform.documents import fingerprint_alias
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.privacy.erasure import Erasure, Pass
from parlance.storage import keys
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.census import TableCensus
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.library import stores
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.people import DynamoPeople
from parlance.storage.retention import DynamoRetentionStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.visits import DynamoVisitLog
from parlance.usage.accounts import TenantAccounts
from parlance.usage.prices import Prices
from tests.fakes.contents import MemoryContents
from tests.fakes.house import QueuedSweeps, QueuedWakeups, ScriptedResponder

pytestmark = pytest.mark.storage


class NoAgents:
    def get(self, tenant_id: str, agent_id: str) -> None:
        return None


class Bench:
    """One tenant; identity and conversations may share a table, as their keys do not overlap."""

    def __init__(self, table: Table) -> None:
        self.table, self.tenant_id = table, f"tenant-{uuid4().hex}"
        self.clock, self.ids, self.sweeps = SystemClock(), RandomIds(), QueuedSweeps()
        self.store, self.turns = DynamoConversationStore(table), DynamoTurnStore(table)
        self.usage, wakeups = DynamoUsageStore(table), QueuedWakeups()
        service = Conversations(self.store, self.turns, self.sweeps, clock=self.clock, ids=self.ids)
        people = DynamoPeople(table, DynamoConnectionStore(table), self.ids, table)
        self.erasure = Erasure(service, people)
        self.caller = Caller(
            TurnEngine(self.turns, wakeups, clock=self.clock, ids=self.ids),
            self.turns,
            ScriptedResponder(),
            wakeups,
            clock=self.clock,
            ids=self.ids,
            accounts=TenantAccounts(
                DynamoBudgetStore(table), self.usage, self.turns, NoAgents(), Prices({}), clock=self.clock
            ),
        )

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

    def naming(self, word: str) -> list[str]:
        return [item["pk"] for item in self.table.scan("") if word in json.dumps(item, default=repr)]

    def attempts(self) -> int:
        rows = self.usage.of_day(self.tenant_id, day_of(self.clock.now()))
        return sum(row.usage.attempts for row in rows)


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
    library = Library(RESOURCES, stores(bench.table, bench.clock, bench.ids), clock=bench.clock, ids=bench.ids)
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


def test_conversations_of_the_platform_dialect_expire_as_all_others(bench: Bench) -> None:
    DynamoRetentionStore(bench.table).set_days(bench.tenant_id, 30)
    library = Library(RESOURCES, stores(bench.table, bench.clock, bench.ids), clock=bench.clock, ids=bench.ids)
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
