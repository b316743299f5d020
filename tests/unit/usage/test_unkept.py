"""Answers that are not kept: reserved, settled and recorded, whatever happens to whoever gives them."""

from dataclasses import dataclass, field, replace

import pytest

from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.models.base import ChatMessage, Completed, ModelRequest, TextDelta
from parlance.clock import day_of
from parlance.errors import BudgetExceededError
from parlance.ids import IdSource, RandomIds
from parlance.storage.table import UnansweredError
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import TENANT, Amount, Budget
from parlance.usage.prices import Price, Prices
from parlance.usage.unkept import UnkeptAccount, UnkeptAnswers
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.memory import MemoryTables, MemoryTurnStore
from tests.fakes.usage import MemoryBudgetStore, MemoryUsageStore

AGENT = Agent("acme", "default", "Ada", "Be kind.", 0, 0)
BUDGET = Budget("acme", TENANT, "day", tokens=2_000)
DAY_MS = 24 * 3600 * 1000


class NoAgents:
    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return None


class FailingUsageStore(MemoryUsageStore):
    """Does not answer while `down`."""

    down = False

    def record(self, conversation: object) -> None:
        if self.down:
            raise UnansweredError
        super().record(conversation)  # type: ignore[arg-type]


@dataclass
class Bench:
    """One process that answers."""

    clock: ManualClock = field(default_factory=ManualClock)
    budgets: MemoryBudgetStore = field(default_factory=MemoryBudgetStore)
    usage: FailingUsageStore = field(default_factory=FailingUsageStore)
    sums_max: int = 1_000
    ids: IdSource = field(default_factory=CountingIds)

    def __post_init__(self) -> None:
        prices = Prices({"extractive": Price(input=1_000_000, output=2_000_000, max_output=100)})
        turns = MemoryTurnStore(MemoryTables())
        accounts = TenantAccounts(self.budgets, self.usage, turns, NoAgents(), prices, clock=self.clock, ttl=0)
        self.answers = UnkeptAnswers(accounts, clock=self.clock, ids=self.ids, sums_max=self.sums_max)

    def open(self, user: str = "alice", agent: Agent = AGENT) -> UnkeptAccount:
        return self.answers.open(agent, user, [], "Hello?")

    def answered(self, user: str = "alice", agent: Agent = AGENT) -> None:
        account = self.open(user, agent)
        account.asks(ModelChoice("extractive"), ModelRequest("acme", "Be kind.", [ChatMessage("user", "Hello?")]))
        account.hears(TextDelta("hello"))
        account.hears(Completed(3, 5))
        account.close()

    @property
    def rows(self) -> list[tuple[str, str | None, int, int]]:
        found = self.usage.of_day("acme", day_of(self.clock.now()))
        return [(row.agent_id, row.user_id, row.usage.attempts, row.usage.input_tokens) for row in found]

    @property
    def standing(self) -> tuple[Amount, int]:
        found = self.budgets.standing("acme", TENANT, BUDGET.window(self.clock.now()))
        return found.committed, len(found.reservations)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_row_holds_the_sums_of_agent_user_and_day(bench: Bench) -> None:
    for user in ("alice", "bob", "alice"):
        bench.answered(user)
    bench.answered("alice", replace(AGENT, id="other"))
    assert sorted(bench.rows) == [
        ("default", "alice", 2, 6),
        ("default", "bob", 1, 3),
        ("other", "alice", 1, 3),
    ]  # fmt: skip


def test_another_day_has_another_row(bench: Bench) -> None:
    bench.answered()
    bench.clock.advance(DAY_MS / 1000)
    bench.answered()
    assert bench.rows == [("default", "alice", 1, 3)]


def test_two_processes_never_share_a_row(bench: Bench) -> None:
    other = Bench(bench.clock, bench.budgets, bench.usage, ids=RandomIds())
    bench.answered()
    other.answered()
    assert bench.rows == [("default", "alice", 1, 3)] * 2


def test_who_was_forgotten_gets_a_row_more_and_no_sum_is_lost() -> None:
    bench = Bench(sums_max=1)
    for user in ("alice", "bob", "alice"):
        bench.answered(user)
    assert sorted(bench.rows) == [("default", "alice", 1, 3), ("default", "alice", 1, 3), ("default", "bob", 1, 3)]


def test_what_could_not_be_recorded_is_recorded_with_the_next(bench: Bench) -> None:
    bench.usage.down = True
    bench.answered()
    assert bench.rows == []
    bench.usage.down = False
    bench.answered()
    assert bench.rows == [("default", "alice", 2, 6)]


def test_a_budget_holds_what_was_used_and_no_more(bench: Bench) -> None:
    bench.budgets.put(BUDGET)
    accounts = [bench.open(), bench.open(), bench.open()]
    with pytest.raises(BudgetExceededError):
        bench.open()
    for account in accounts:
        account.close()
    bench.answered()
    assert bench.standing == (Amount(13, 8), 0)


def test_what_the_dead_have_reserved_is_given_back_when_it_has_expired() -> None:
    bench = Bench()
    bench.budgets.put(replace(BUDGET, tokens=700))
    bench.open()
    with pytest.raises(BudgetExceededError):
        bench.open()
    bench.clock.advance(16 * 60 + 1)
    bench.answered()
    assert bench.standing == (Amount(13, 8), 0)
