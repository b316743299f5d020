"""Many turns of one tenant at once, on one budget in the real table."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.agents.models.base import Cancellation, Completed, ModelEvent, TextDelta
from parlance.clock import SystemClock, day_of
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, TurnState
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.usage import bounds
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import TENANT, Amount, Budget
from parlance.usage.prices import Price, Prices
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder

pytestmark = pytest.mark.storage

TURNS, PAID = 50, 10
PRICE = Price(input=1_000_000, output=1_000_000, max_output=100)
PRICES = Prices({"extractive": PRICE})


class OneAgent:
    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return Agent(tenant_id, agent_id, "Ada", "Be kind.", 0, 0)


def test_fifty_turns_at_once_on_a_budget_for_ten(table: Table) -> None:
    clock, ids, wakeups = SystemClock(), RandomIds(), QueuedWakeups()
    tenant = f"tenant-{uuid4().hex}"
    agent = OneAgent().get(tenant, "default")
    assert agent is not None
    most = bounds.most(agent, PRICES, [], "hello")

    def talkative(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("hello")
        yield Completed(bounds.most_input(agent, [], "hello"), PRICE.max_output)

    conversations, turns, budgets = DynamoConversationStore(table), DynamoTurnStore(table), DynamoBudgetStore(table)
    usage = DynamoUsageStore(table)
    budget = Budget(tenant, TENANT, "month", micros=PAID * most.micros)
    budgets.put(budget)
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    chats = [f"chat_{ids.random()}" for _ in range(TURNS)]
    for number, chat in enumerate(chats):
        now = clock.now()
        new = Conversation(tenant, chat, f"user-{number}", "default", "A chat", now, now)
        conversations.create(new, key=None, token=ids.random())
        engine.begin(BeginTurn(tenant, chat, "hello"))

    def drain(chat: str) -> None:
        accounts = TenantAccounts(budgets, usage, turns, OneAgent(), PRICES, clock=clock)
        worker = Worker(
            turns,
            ScriptedResponder(talkative),
            ListeningAudience(),
            wakeups,
            clock=clock,
            ids=ids,
            accounts=accounts,
        )
        # Woken twice, as a queue may do.
        for _ in range(2):
            worker.drain(tenant, chat, turn_number=1, deadline=clock.monotonic() + 100)

    with ThreadPoolExecutor(TURNS) as workers:
        list(workers.map(drain, chats))

    ended = [turns.turn(tenant, chat, 1) for chat in chats]
    assert Counter(turn.state for turn in ended if turn) == {TurnState.DONE: PAID, TurnState.FAILED: TURNS - PAID}
    assert {turn.failure.code for turn in ended if turn and turn.failure} == {"BUDGET_EXCEEDED"}
    standing = budgets.standing(tenant, TENANT, budget.window(clock.now()))
    assert standing.committed == Amount(PAID * most.micros, PAID * most.tokens)
    assert standing.reservations == {}
    rows = usage.of_day(tenant, day_of(clock.now()))
    assert sum(row.usage.attempts for row in rows) == TURNS
    assert sum(row.usage.micros for row in rows) == PAID * most.micros
