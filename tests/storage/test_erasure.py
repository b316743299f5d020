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
from parlance.privacy.erasure import Erasure, Pass
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.census import TableCensus
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.people import DynamoPeople
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.visits import DynamoVisitLog
from parlance.usage.accounts import TenantAccounts
from parlance.usage.prices import Prices
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
            Sweeper(self.store, clock=self.clock).sweep(tenant_id, chat_id, deadline=self.clock.monotonic() + 100)
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
