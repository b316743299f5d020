"""Many turns of one tenant at once, on one budget in the real table."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.agents.models.base import Cancellation, Completed, ModelEvent, TextDelta, ToolCall
from parlance.agents.skills import SearchAbility
from parlance.clock import SystemClock, day_of
from parlance.conversations.collaborators import Responder
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, Turn, TurnState
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.usage import bounds
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import TENANT, Amount, Budget, Standing
from parlance.usage.port import UsageRow
from parlance.usage.prices import Price, Prices
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.unit.agents.scripted import House, MemoryAgents, ScriptedModel

pytestmark = pytest.mark.storage

TURNS, PAID = 50, 10
PRICE = Price(input=1_000_000, output=1_000_000, max_output=100)
PRICES = Prices({"extractive": PRICE, "scripted": PRICE})


class Crowd:
    """A tenant with one agent and a budget, fifty users, and a worker for each of them."""

    def __init__(self, table: Table, agent: Agent, *, micros: int) -> None:
        self._clock, self._ids, self._wakeups = SystemClock(), RandomIds(), QueuedWakeups()
        self._agent = agent
        self._turns, self._budgets, self._usage = (
            DynamoTurnStore(table),
            DynamoBudgetStore(table),
            DynamoUsageStore(table),
        )
        self._budget = Budget(agent.tenant_id, TENANT, "month", micros=micros)
        self._budgets.put(self._budget)
        engine = TurnEngine(self._turns, self._wakeups, clock=self._clock, ids=self._ids)
        self._chats = [f"chat_{self._ids.random()}" for _ in range(TURNS)]
        for number, chat in enumerate(self._chats):
            now = self._clock.now()
            new = Conversation(agent.tenant_id, chat, f"user-{number}", agent.id, "A chat", now, now)
            DynamoConversationStore(table).create(new, key=None, token=self._ids.random())
            engine.begin(BeginTurn(agent.tenant_id, chat, "hello"))

    def run(self, responder_of: Callable[[int], Responder]) -> Sequence[Turn]:
        """All turns at once, as they have ended."""
        with ThreadPoolExecutor(TURNS) as workers:
            list(workers.map(lambda number: self._drain(self._chats[number], responder_of(number)), range(TURNS)))
        ended = [self._turns.turn(self._agent.tenant_id, chat, 1) for chat in self._chats]
        return [turn for turn in ended if turn is not None]

    def standing(self) -> Standing:
        return self._budgets.standing(self._agent.tenant_id, TENANT, self._budget.window(self._clock.now()))

    def rows(self) -> Sequence[UsageRow]:
        return self._usage.of_day(self._agent.tenant_id, day_of(self._clock.now()))

    def _drain(self, chat: str, responder: Responder) -> None:
        accounts = TenantAccounts(
            self._budgets, self._usage, self._turns, MemoryAgents(self._agent), PRICES, clock=self._clock
        )
        worker = Worker(
            self._turns,
            responder,
            ListeningAudience(),
            self._wakeups,
            clock=self._clock,
            ids=self._ids,
            accounts=accounts,
        )
        # Woken twice, as a queue may do.
        for _ in range(2):
            deadline = self._clock.monotonic() + 100
            worker.drain(self._agent.tenant_id, chat, turn_number=1, deadline=deadline)


def test_fifty_turns_at_once_on_a_budget_for_ten(table: Table) -> None:
    agent = Agent(f"tenant-{uuid4().hex}", "default", "Ada", "Be kind.", 0, 0)
    most = bounds.most(agent, PRICES, [], "hello")

    def talkative(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("hello")
        yield Completed(bounds.most_input(agent, [], "hello"), PRICE.max_output)

    crowd = Crowd(table, agent, micros=PAID * most.micros)
    ended = crowd.run(lambda _number: ScriptedResponder(talkative))
    assert Counter(turn.state for turn in ended) == {TurnState.DONE: PAID, TurnState.FAILED: TURNS - PAID}
    assert {turn.failure.code for turn in ended if turn.failure} == {"BUDGET_EXCEEDED"}
    assert crowd.standing() == Standing(Amount(PAID * most.micros, PAID * most.tokens), {})
    assert sum(row.usage.attempts for row in crowd.rows()) == TURNS
    assert sum(row.usage.micros for row in crowd.rows()) == PAID * most.micros


def test_of_fifty_turns_of_two_rounds_at_once_on_a_budget_for_ten_ten_are_answered(table: Table) -> None:
    """Nothing is spent on turns that end without an answer, although every one uses all that it may."""
    tenant = f"tenant-{uuid4().hex}"
    agent = Agent(tenant, "helper", "Ada", "Be kind.", 0, 0, model="scripted", skillset_id="skills")
    most = bounds.most(agent, PRICES, [], "hello")
    asked = bounds.most_input(agent, [], "hello")
    looks = (ToolCall("1", "look", '{"query": "tea"}'),)
    first = Completed(asked, PRICE.max_output, calls=looks, stop="calls")
    second = Completed(most.tokens - asked - 2 * PRICE.max_output, PRICE.max_output)
    models = [ScriptedModel((first,), (TextDelta("Green."), second)) for _ in range(TURNS)]

    def house(number: int) -> Responder:
        ability = SearchAbility(kind="search", name="look", dataset_id="docs")
        return House(models[number], agents=(agent,), abilities=(ability,), tenant_id=tenant).responder

    crowd = Crowd(table, agent, micros=PAID * most.micros)
    ended = crowd.run(house)
    assert Counter(turn.state for turn in ended) == {TurnState.DONE: PAID, TurnState.FAILED: TURNS - PAID}
    assert {turn.failure.code for turn in ended if turn.failure} == {"BUDGET_EXCEEDED"}
    assert Counter(len(model.requests) for model in models) == {2: PAID, 0: TURNS - PAID}
    assert crowd.standing() == Standing(Amount(PAID * most.micros, PAID * most.tokens), {})
    assert sum(row.usage.micros for row in crowd.rows()) == PAID * most.micros
