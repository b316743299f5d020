"""What is reserved, refused, settled and recorded, whatever happens to the workers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from parlance.agents.definitions import Agent
from parlance.agents.models.base import Cancellation, Completed, ModelError, ModelEvent, TextDelta
from parlance.clock import day_of
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.log import Ended, TurnFailed
from parlance.conversations.model import Conversation, DayUsage, Turn, TurnState, Usage
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Worker
from parlance.storage.table import ContendedError, UnansweredError
from parlance.usage import bounds
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import TENANT, Amount, Budget, Scope, Standing
from parlance.usage.prices import Price, Prices
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.usage import MemoryBudgetStore, MemoryUsageStore

TIMING = Timing(tick=0.002, stop_grace=0.02)
PRICE = Price(input=1_000_000, output=2_000_000, max_output=100)
AGENT = Agent("acme", "default", "Ada", "Be kind.", 0, 0)
USED = Usage(1, 3, 5, 13)


def answer(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
    yield TextDelta("hello")
    yield Completed(3, 5, {"model": "extractive"})


class OneAgent:
    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return AGENT


@dataclass
class Bench:
    """A tenant's conversations and the workers that run them."""

    clock: ManualClock = field(default_factory=ManualClock)
    ids: CountingIds = field(default_factory=CountingIds)
    faults: Faults = field(default_factory=Faults)
    budgets: MemoryBudgetStore = field(default_factory=MemoryBudgetStore)
    usage: MemoryUsageStore = field(default_factory=MemoryUsageStore)
    wakeups: QueuedWakeups = field(default_factory=QueuedWakeups)
    tables: MemoryTables = field(default_factory=MemoryTables)
    responder: ScriptedResponder = field(
        default_factory=lambda: ScriptedResponder(answer, instructions=AGENT.instructions)
    )

    def __post_init__(self) -> None:
        self.conversations = MemoryConversationStore(self.tables)
        self.turns = MemoryTurnStore(self.tables)
        self.engine = TurnEngine(self.turns, self.wakeups, clock=self.clock, ids=self.ids, timing=TIMING)

    def accounts(self) -> TenantAccounts:
        """As a process has them: with nothing remembered."""
        return TenantAccounts(
            self.faults.around(self.budgets),
            self.faults.around(self.usage),
            self.turns,
            OneAgent(),
            Prices({"extractive": PRICE}),
            clock=self.clock,
        )

    def worker(self) -> Worker:
        return Worker(
            self.faults.around(self.turns),
            self.responder,
            ListeningAudience(),
            self.wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=TIMING,
            accounts=self.accounts(),
        )

    def chat(self, chat_id: str = "chat", user_id: str = "ann") -> str:
        now = self.clock.now()
        chat = Conversation("acme", chat_id, user_id, "default", "A chat", now, now)
        self.conversations.create(chat, key=None, token=chat_id)
        return chat_id

    def send(self, chat_id: str = "chat") -> Turn:
        return self.engine.begin(BeginTurn("acme", chat_id, "hello")).turn

    def drain(self, chat_id: str = "chat", worker: Worker | None = None) -> None:
        (worker or self.worker()).drain("acme", chat_id, turn_number=None, deadline=self.clock.monotonic() + 900)

    def turn(self, number: int = 1, chat_id: str = "chat") -> Turn:
        found = self.turns.turn("acme", chat_id, number)
        assert found is not None
        return found

    def limit(self, scope: Scope = TENANT, **limits: int) -> None:
        self.budgets.put(Budget("acme", scope, "month", **limits))

    def standing(self, scope: Scope = TENANT) -> Standing:
        return self.budgets.standing("acme", scope, day_of(self.clock.now())[:7])

    def used(self) -> list[DayUsage]:
        return [row.usage for row in self.usage.of_day("acme", day_of(self.clock.now()))]

    @property
    def most(self) -> Amount:
        return bounds.most(AGENT, Prices({"extractive": PRICE}), [], "hello")


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.chat()
    return bench


def test_a_turn_is_priced_kept_with_the_turn_and_recorded(bench: Bench) -> None:
    bench.send()
    bench.drain()
    assert bench.turn().usage == USED
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


def test_what_was_reserved_is_given_back_but_for_what_was_used(bench: Bench) -> None:
    bench.limit(micros=bench.most.micros)
    bench.send()
    bench.drain()
    assert bench.standing() == Standing(Amount(13, 8), {})


@pytest.mark.parametrize("scope", [TENANT, Scope("agent", "default"), Scope("user", "ann")])
def test_over_budget_the_model_is_not_called_and_the_turn_says_why(bench: Bench, scope: Scope) -> None:
    bench.limit(micros=10**9)
    bench.limit(scope, tokens=bench.most.tokens - 1)
    bench.send()
    bench.drain()
    turn = bench.turn()
    assert turn.state is TurnState.FAILED
    assert turn.failure is not None
    assert turn.failure.code == "BUDGET_EXCEEDED"
    assert bench.responder.calls == []
    assert bench.standing() == Standing()


def test_a_budget_of_somebody_else_limits_nobody(bench: Bench) -> None:
    bench.limit(Scope("agent", "other"), micros=0)
    bench.limit(Scope("user", "bob"), micros=0)
    bench.send()
    bench.drain()
    assert bench.turn().state is TurnState.DONE


def test_a_larger_budget_lets_the_same_message_pass(bench: Bench) -> None:
    bench.limit(micros=0)
    command = BeginTurn("acme", "chat", "hello", idempotency_key="key")
    bench.engine.begin(command)
    bench.drain()
    bench.limit(micros=10**9)
    bench.engine.begin(command)
    bench.drain()
    assert bench.turn().state is TurnState.DONE
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 2, 3, 5, 13)]


def test_a_caller_that_waits_is_told_as_well(bench: Bench) -> None:
    bench.limit(micros=0)
    caller = Caller(
        bench.engine,
        bench.turns,
        bench.responder,
        bench.wakeups,
        clock=bench.clock,
        ids=bench.ids,
        timing=TIMING,
        accounts=bench.accounts(),
    )
    running = caller.send(BeginTurn("acme", "chat", "hello"), deadline=900)
    *_, end = running.events
    running.join(10)
    assert isinstance(end, TurnFailed)
    assert end.failure.code == "BUDGET_EXCEEDED"


def test_fifty_turns_at_once_spend_the_budget_of_ten_and_no_more() -> None:
    bench = Bench()
    bench.limit(micros=10 * bench.most.micros)
    tokens_in = bounds.most_input(AGENT, [], "hello")

    def talkative(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("hello")
        yield Completed(tokens_in, PRICE.max_output)

    bench.responder.script = talkative
    chats = [bench.chat(f"chat_{number}") for number in range(50)]
    for chat in chats:
        bench.send(chat)
    with ThreadPoolExecutor(50) as workers:
        list(workers.map(bench.drain, chats))
    states = [bench.turn(1, chat).state for chat in chats]
    assert (states.count(TurnState.DONE), states.count(TurnState.FAILED)) == (10, 40)
    assert {failure.code for chat in chats if (failure := bench.turn(1, chat).failure)} == {"BUDGET_EXCEEDED"}
    assert bench.standing().committed.micros == 10 * bench.most.micros
    assert bench.standing().reservations == {}
    assert sum(usage.micros for usage in bench.used()) == 10 * bench.most.micros


@pytest.mark.parametrize("method", ["reserve", "settle", "record"])
@pytest.mark.parametrize(
    ("fault", "carried_out"),
    [(ContendedError("busy"), False), (UnansweredError("slow"), False), (UnansweredError("slow"), True)],
)
def test_a_call_that_fails_or_is_not_answered_counts_once(
    bench: Bench, method: str, fault: Exception, *, carried_out: bool
) -> None:
    bench.limit(micros=bench.most.micros)
    (bench.faults.fail_after if carried_out else bench.faults.fail_before)(method, fault)
    bench.send()
    bench.drain()
    assert bench.faults.pending == []
    assert bench.turn().state is TurnState.DONE
    assert bench.standing() == Standing(Amount(13, 8), {})
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


def kill(bench: Bench, method: str, *, answer_lost: bool = False) -> None:
    """Let a worker die at a call; its lease runs out then."""
    bench.faults.kill_at(method, answer_lost=answer_lost)
    with pytest.raises(KilledError):
        bench.drain()
    bench.faults = Faults()
    bench.clock.advance(TIMING.lease + 1)


@pytest.mark.parametrize(("method", "answer_lost"), [("reserve", True), ("finish", False)])
def test_the_next_attempt_takes_the_reservation_of_a_killed_one(
    bench: Bench, method: str, *, answer_lost: bool
) -> None:
    bench.limit(micros=bench.most.micros)
    bench.send()
    kill(bench, method, answer_lost=answer_lost)
    assert bench.standing().committed == bench.most
    bench.drain()
    assert bench.turn().usage == replace(USED, attempt=2)
    assert bench.standing() == Standing(Amount(13, 8), {})
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


@pytest.mark.parametrize("method", ["settle", "record"])
def test_a_worker_killed_after_its_finish_is_made_good_by_the_watchdog(bench: Bench, method: str) -> None:
    bench.limit(micros=bench.most.micros)
    bench.send()
    kill(bench, method)
    assert bench.turn().state is TurnState.DONE
    assert bench.used() == []
    for _ in range(2):
        bench.worker().watched("acme", "chat", sent_at=bench.wakeups.watching[0][2], deadline=900)
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


def test_a_finished_turn_that_was_not_settled_is_by_the_next_turn_of_its_chat(bench: Bench) -> None:
    bench.limit(micros=2 * bench.most.micros)
    bench.send()
    kill(bench, "settle")
    bench.send()
    bench.drain()
    assert bench.turn(3).state is TurnState.DONE
    assert bench.standing() == Standing(Amount(26, 16), {})
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 2, 6, 10, 26)]


def test_a_reservation_left_behind_is_found_by_any_other_chat_once_it_has_expired(bench: Bench) -> None:
    bench.limit(micros=bench.most.micros)
    bench.send()
    kill(bench, "finish")
    bench.chat("other")
    bench.send("other")
    bench.drain("other")
    assert bench.turn(1, "other").state is TurnState.FAILED
    bench.clock.advance(16 * 60)
    bench.send("other")
    bench.drain("other")
    assert bench.turn(3, "other").state is TurnState.DONE
    assert bench.standing() == Standing(Amount(13, 8), {})


def test_no_reservation_stays_where_a_second_budget_refuses(bench: Bench) -> None:
    bench.limit(micros=10**9)
    bench.limit(Scope("user", "ann"), micros=1)
    bench.send()
    bench.drain()
    assert bench.standing() == Standing()


def test_a_store_that_is_busy_for_good_fails_the_turn_and_calls_no_model(bench: Bench) -> None:
    bench.limit(micros=10**9)
    for nth in range(1, 200):
        bench.faults.fail_before("reserve", ContendedError("busy"), nth=nth)
    bench.send()
    bench.drain()
    assert bench.turn().state is TurnState.FAILED
    assert bench.responder.calls == []


def test_a_model_that_fails_after_it_began_is_estimated_and_one_that_never_began_is_free(bench: Bench) -> None:
    def breaking(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("four")
        raise ModelError("gone")

    def refusing(_content: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield from ()
        raise ModelError("no")

    bench.responder.script = refusing
    bench.send()
    bench.drain()
    assert bench.turn().usage == Usage(1)
    bench.responder.script = breaking
    bench.send()
    bench.drain()
    # "Be kind." and "hello" are two tokens each, "four" is one.
    assert bench.turn(3).usage == Usage(1, 4, 1, 6, estimated=True)


def test_a_new_day_begins_at_nothing_and_loses_nothing_of_the_last(bench: Bench) -> None:
    yesterday = day_of(bench.clock.now())
    bench.send()
    kill(bench, "record")
    bench.clock.advance(24 * 3600)
    bench.send()
    bench.drain()
    assert [row.usage.attempts for row in bench.usage.of_day("acme", yesterday)] == [1]
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


def test_a_wakeup_that_comes_twice_counts_once(bench: Bench) -> None:
    bench.send()
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(bench.drain, ["chat", "chat"]))
    assert bench.used() == [DayUsage(day_of(bench.clock.now()), 1, 3, 5, 13)]


def test_a_stop_before_the_model_is_called_uses_nothing(bench: Bench) -> None:
    bench.limit(micros=0)
    turn = bench.send()
    bench.turns.request_stop("acme", "chat", turn.number)
    bench.drain()
    assert bench.turn().state is TurnState.STOPPED
    assert bench.turn().usage == Usage(1)


def test_the_end_that_is_told_carries_the_usage(bench: Bench) -> None:
    audience = ListeningAudience()
    worker = Worker(
        bench.turns,
        bench.responder,
        audience,
        bench.wakeups,
        clock=bench.clock,
        ids=bench.ids,
        timing=TIMING,
        accounts=bench.accounts(),
    )
    bench.send()
    bench.drain(worker=worker)
    end = audience.heard[0].end
    assert isinstance(end, Ended)
    assert end.turn.usage == USED


def test_what_a_stopped_turn_used_so_far_is_settled(bench: Bench) -> None:
    def talking(_content: str, cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("four")
        bench.turns.request_stop("acme", "chat", 1)
        bench.clock.advance(TIMING.look_every + 0.1)
        assert cancel.wait(10)

    bench.responder.script = talking
    bench.limit(micros=10**9)
    bench.send()
    bench.drain()
    assert bench.turn().state is TurnState.STOPPED
    assert bench.turn().usage == Usage(1, 4, 1, 6, estimated=True)
    assert bench.standing() == Standing(Amount(6, 5), {})
