"""Workers that die with a reservation in the real table, and who makes it good."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.clock import SystemClock, day_of
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, Turn, TurnState, Usage
from parlance.conversations.timing import Timing
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
from parlance.usage.prices import Price, Prices
from tests.fakes.clock import ManualClock
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.unit.agents.scripted import MemoryAgents

pytestmark = pytest.mark.storage

TIMING = Timing(tick=0.002, stop_grace=0.02)
PRICES = Prices({"extractive": Price(input=1_000_000, output=2_000_000, max_output=100)})
USED = Amount(1 + 2 * 2, 1 + 2)
"""What `ScriptedResponder` says that it used."""


def _noon() -> int:
    """Of today: what is told here does not outlast the day, and so no budget's month."""
    now, day = SystemClock().now(), 24 * 3600 * 1000
    return now - now % day + day // 2


@dataclass
class Bench:
    """A tenant with room for one turn at a time, and workers that can be killed."""

    table: Table
    clock: ManualClock = field(default_factory=lambda: ManualClock(_noon()))
    ids: RandomIds = field(default_factory=RandomIds)
    wakeups: QueuedWakeups = field(default_factory=QueuedWakeups)
    agent: Agent = field(default_factory=lambda: Agent(f"tenant-{uuid4().hex}", "default", "Ada", "Be kind.", 0, 0))

    def __post_init__(self) -> None:
        self.turns, self.budgets = DynamoTurnStore(self.table, self.clock), DynamoBudgetStore(self.table)
        self.usage = DynamoUsageStore(self.table)
        self.engine = TurnEngine(self.turns, self.wakeups, clock=self.clock, ids=self.ids, timing=TIMING)
        self.most = bounds.most(self.agent, PRICES, [], "hello")
        self.budget = Budget(self.agent.tenant_id, TENANT, "month", micros=self.most.micros)
        self.budgets.put(self.budget)

    def accounts(self, faults: Faults) -> TenantAccounts:
        """As a process has them: with nothing remembered."""
        budgets, usage = faults.around(self.budgets), faults.around(self.usage)
        return TenantAccounts(budgets, usage, self.turns, MemoryAgents(self.agent), PRICES, clock=self.clock)

    def worker(self, faults: Faults) -> Worker:
        return Worker(
            faults.around(self.turns),
            ScriptedResponder(),
            ListeningAudience(),
            self.wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=TIMING,
            accounts=self.accounts(faults),
        )

    def begin(self) -> str:
        chat, now = f"chat_{self.ids.random()}", self.clock.now()
        new = Conversation(self.agent.tenant_id, chat, "ann", self.agent.id, "A chat", now, now)
        DynamoConversationStore(self.table).create(new, key=None, token=self.ids.random())
        self.engine.begin(BeginTurn(self.agent.tenant_id, chat, "hello"))
        return chat

    def drain(self, chat: str, faults: Faults | None = None) -> None:
        deadline = self.clock.monotonic() + 900
        self.worker(faults or Faults()).drain(self.agent.tenant_id, chat, turn_number=1, deadline=deadline)

    def kill(self, chat: str, method: str, *, answer_lost: bool = False) -> None:
        faults = Faults()
        faults.kill_at(method, answer_lost=answer_lost)
        with pytest.raises(KilledError):
            self.drain(chat, faults)

    def watchdog(self) -> None:
        """As the first one does that was sent, when it comes."""
        tenant_id, chat, sent_at = self.wakeups.watching[0]
        self.clock.advance(45)
        deadline = self.clock.monotonic() + 900
        self.worker(Faults()).watched(tenant_id, chat, sent_at=sent_at, deadline=deadline)

    def turn(self, chat: str) -> Turn:
        found = self.turns.turn(self.agent.tenant_id, chat, 1)
        assert found is not None
        return found

    def standing(self) -> Standing:
        return self.budgets.standing(self.agent.tenant_id, TENANT, self.budget.window(self.clock.now()))

    def recorded(self) -> list[tuple[int, int]]:
        rows = self.usage.of_day(self.agent.tenant_id, day_of(self.clock.now()))
        return [(row.usage.attempts, row.usage.micros) for row in rows]


@pytest.fixture
def bench(table: Table) -> Bench:
    return Bench(table)


@pytest.mark.parametrize(
    ("method", "answer_lost", "held", "attempts"),
    [
        ("reserve", True, True, 2),
        ("finish", False, True, 2),
        ("finish", True, True, 1),
        ("settle", False, True, 1),
        ("settle", True, False, 1),
        ("record", False, False, 1),
    ],
    ids=["before the model", "after the model", "after the end", "at settling", "after settling", "at recording"],
)
def test_the_watchdog_leaves_nothing_reserved_wherever_a_worker_dies(
    bench: Bench, method: str, *, answer_lost: bool, held: bool, attempts: int
) -> None:
    chat = bench.begin()
    bench.kill(chat, method, answer_lost=answer_lost)
    assert bool(bench.standing().reservations) is held
    bench.watchdog()
    turn = bench.turn(chat)
    assert (turn.state, turn.attempt) == (TurnState.DONE, attempts)
    assert bench.standing() == Standing(USED, {})
    assert bench.recorded() == [(1, USED.micros)]


def test_a_turn_that_is_stopped_after_its_worker_was_killed_leaves_nothing_reserved(bench: Bench) -> None:
    chat = bench.begin()
    bench.kill(chat, "finish")
    bench.turns.request_stop(bench.agent.tenant_id, chat, 1)
    bench.watchdog()
    assert bench.turn(chat).state is TurnState.STOPPED
    assert bench.standing() == Standing()


def test_a_turn_whose_every_worker_was_killed_fails_and_leaves_nothing_reserved(bench: Bench) -> None:
    chat = bench.begin()
    for _ in range(TIMING.attempts_max):
        bench.kill(chat, "finish")
        assert bench.standing().committed == bench.most
        bench.clock.advance(TIMING.lease + 1)
    bench.drain(chat)
    assert bench.turn(chat).state is TurnState.FAILED
    assert bench.turn(chat).usage == Usage(TIMING.attempts_max + 1)
    assert bench.standing() == Standing()


def test_a_turn_whose_chat_is_deleted_meanwhile_leaves_nothing_reserved_and_pays_for_what_it_used(
    bench: Bench,
) -> None:
    chat, faults = bench.begin(), Faults()
    store, now = DynamoConversationStore(bench.table), bench.clock.now()
    tenant_id, token = bench.agent.tenant_id, bench.ids.random()
    faults.call_before("finish", lambda: store.mark_deleted(tenant_id, chat, now=now, token=token))
    bench.drain(chat, faults)
    assert faults.pending == []
    assert store.get(tenant_id, chat) is None
    assert bench.standing() == Standing(USED, {})


def test_another_chat_takes_the_room_of_a_killed_worker_once_its_reservation_has_expired(bench: Bench) -> None:
    chat, early, late = bench.begin(), bench.begin(), bench.begin()
    bench.kill(chat, "finish")
    bench.drain(early)
    assert bench.turn(early).state is TurnState.FAILED
    bench.clock.advance(16 * 60)
    bench.drain(late)
    assert bench.turn(late).state is TurnState.DONE
    assert bench.standing() == Standing(USED, {})


def test_what_an_attempt_under_way_has_reserved_is_nobody_elses_to_release(bench: Bench) -> None:
    chat = bench.begin()
    bench.kill(chat, "finish")
    conversation = DynamoConversationStore(bench.table).get(bench.agent.tenant_id, chat)
    assert conversation is not None
    bench.accounts(Faults()).release(conversation)
    assert bench.standing().committed == bench.most
