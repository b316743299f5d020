"""Every call of a model in a turn is covered by a reservation before it is made."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.models.base import (
    Cancellation,
    Completed,
    ModelError,
    ModelEvent,
    ModelRequest,
    ModelThrottledError,
    TextDelta,
    ToolCall,
)
from parlance.agents.skills import Ability, AgentAbility, SearchAbility
from parlance.clock import day_of
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, Turn, TurnState, Usage
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Worker
from parlance.storage.table import ContendedError, UnansweredError
from parlance.usage import bounds
from parlance.usage.accounts import TenantAccounts
from parlance.usage.budgets import TENANT, Amount, Budget, Reservation, Scope, Standing
from parlance.usage.prices import Price, Prices
from parlance.usage.reserving import amount_of
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedWakeups
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.usage import MemoryBudgetStore, MemoryUsageStore
from tests.unit.agents.scripted import AGENT, House, MemoryAgents, ScriptedModel

TIMING = Timing(tick=0.002, stop_grace=0.02)
PRICES = Prices(
    {
        "scripted": Price(input=1_000_000, output=2_000_000, max_output=100),
        "middling": Price(input=2_000_000, output=4_000_000, max_output=1_000),
        "dear": Price(input=5_000_000, output=20_000_000, max_output=300),
    }
)
SKILLED = replace(AGENT, dataset_id=None, skillset_id="skills")
CHAINED = replace(SKILLED, fallbacks=[ModelChoice("dear")])
OTHER = replace(AGENT, id="other", name="Other", dataset_id=None, model="dear")
SEARCH = SearchAbility(kind="search", name="look", dataset_id="docs")
ASK = AgentAbility(kind="agent", name="ask", agent_id="other")

LOOK = (Completed(300, 20, calls=(ToolCall("1", "look", '{"query": "tea"}'),), stop="calls"),)
ASKING = (Completed(300, 20, calls=(ToolCall("1", "ask", '{"message": "Tea?"}'),), stop="calls"),)
ANSWER = (TextDelta("Green."), Completed(400, 10))
FIRST = Usage(1, 300, 20, 340)
BOTH = Usage(1, 700, 30, 760)
SCOPES = [TENANT, Scope("agent", "helper"), Scope("user", "ann")]


@dataclass
class Bench:
    """Chats with an agent that may call tools, its models, and a tenant's budgets."""

    models: tuple[ScriptedModel, ...] = field(default_factory=lambda: (ScriptedModel(LOOK, ANSWER),))
    agent: Agent = SKILLED
    abilities: tuple[Ability, ...] = (SEARCH,)
    passage: str = "Tea is green. " * 500
    clock: ManualClock = field(default_factory=ManualClock)
    ids: CountingIds = field(default_factory=CountingIds)
    faults: Faults = field(default_factory=Faults)
    budgets: MemoryBudgetStore = field(default_factory=MemoryBudgetStore)
    usage: MemoryUsageStore = field(default_factory=MemoryUsageStore)

    def __post_init__(self) -> None:
        tables, self.wakeups = MemoryTables(), QueuedWakeups()
        self.conversations, self.turns = MemoryConversationStore(tables), MemoryTurnStore(tables)
        self.engine = TurnEngine(self.turns, self.wakeups, clock=self.clock, ids=self.ids, timing=TIMING)

    def send(self, chat_id: str = "chat") -> None:
        now = self.clock.now()
        chat = Conversation("tenant", chat_id, "ann", "helper", "A chat", now, now)
        self.conversations.create(chat, key=None, token=chat_id)
        self.engine.begin(BeginTurn("tenant", chat_id, "hello"))

    def drain(self, chat_id: str = "chat", models: tuple[ScriptedModel, ...] = ()) -> Turn:
        house = House(
            *(models or self.models),
            agents=(self.agent, OTHER),
            abilities=self.abilities,
            passages={("tenant", "docs"): [self.passage]},
        )
        accounts = TenantAccounts(
            self.faults.around(self.budgets),
            self.usage,
            self.turns,
            MemoryAgents(self.agent, OTHER),
            PRICES,
            clock=self.clock,
        )
        worker = Worker(
            self.faults.around(self.turns),
            house.responder,
            ListeningAudience(),
            self.wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=TIMING,
            accounts=accounts,
        )
        worker.drain("tenant", chat_id, turn_number=1, deadline=self.clock.monotonic() + 900)
        turn = self.turns.turn("tenant", chat_id, 1)
        assert turn is not None
        return turn

    def run(self) -> Turn:
        self.send()
        return self.drain()

    def limit(self, scope: Scope = TENANT, **limits: int) -> None:
        self.budgets.put(Budget("tenant", scope, "month", **limits))

    def standing(self, scope: Scope = TENANT) -> Standing:
        return self.budgets.standing("tenant", scope, day_of(self.clock.now())[:7])


def needed(bench: Bench, *, model: int = 0, request: int, before: Usage, goes_on: bool) -> Amount:
    """What must be reserved for a request that `bench` is run to see."""
    bench.run()
    choice, asked = ModelChoice(bench.models[model].name), bench.models[model].requests[request]
    most = amount_of(before) + bounds.most_of(choice, asked, PRICES)
    return most + bounds.closing_of(choice, asked, PRICES) if goes_on else most


def two_rounds() -> Amount:
    """After the first, with room for a third."""
    return needed(Bench(), request=1, before=FIRST, goes_on=True)


def to_begin(agent: Agent = SKILLED) -> Amount:
    return bounds.most(agent, PRICES, [], "hello")


def is_closed_early(bench: Bench) -> bool:
    """Whether the reply says that the budget had no room for another round."""
    reply = bench.turns.message("tenant", "chat", 2)
    assert reply is not None
    return "budget_limit" in reply.metadata


def failed_for_budget(turn: Turn) -> bool:
    return turn.state is TurnState.FAILED and turn.failure is not None and turn.failure.code == "BUDGET_EXCEEDED"


def test_a_turn_with_tools_begins_with_an_answer_and_the_one_that_closes_it() -> None:
    bench = Bench()
    bench.run()
    choice, first = ModelChoice("scripted"), bench.models[0].requests[0]
    both = bounds.most_of(choice, first, PRICES) + bounds.closing_of(choice, first, PRICES)
    assert both.fits(to_begin())
    assert not two_rounds().fits(to_begin())


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", ["micros", "tokens"])
def test_a_turn_that_fits_exactly_is_admitted_and_one_that_does_not_uses_nothing(scope: Scope, kind: str) -> None:
    for less in (0, 1):
        bench = Bench()
        bench.limit(micros=10**9)
        bench.limit(scope, **{kind: getattr(to_begin(), kind) - less})
        turn = bench.run()
        assert failed_for_budget(turn) == bool(less)
        assert bench.standing(scope) == Standing(amount_of(turn.usage or BOTH), {})
        assert len(bench.models[0].requests) == (0 if less else 2)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("kind", ["micros", "tokens"])
def test_a_round_that_does_not_fit_is_the_last_and_the_turn_is_answered(scope: Scope, kind: str) -> None:
    for less in (0, 1):
        bench = Bench()
        bench.limit(micros=10**9)
        bench.limit(scope, **{kind: getattr(two_rounds(), kind) - less})
        turn = bench.run()
        assert (turn.state, turn.usage) == (TurnState.DONE, BOTH)
        assert is_closed_early(bench) == bool(less)
        told = bench.models[0].requests[1].messages[-1].results[-1].content
        assert told.endswith("Answer with what you have.") == bool(less)
        for one in {TENANT, scope}:
            assert bench.standing(one) == Standing(amount_of(BOTH), {})


def test_a_model_that_will_not_close_has_said_what_it_said() -> None:
    looking = (TextDelta("One moment."), *LOOK)
    bench = Bench((ScriptedModel(looking),))
    bench.limit(micros=to_begin().micros)
    turn = bench.run()
    assert turn.state is TurnState.DONE
    assert len(bench.models[0].requests) == 2
    assert [call["name"] for call in turn.calls] == ["look"]
    assert is_closed_early(bench)


def test_results_that_leave_no_room_to_close_end_the_turn_and_what_was_used_is_settled() -> None:
    passage = "緑茶。" * 6_000
    closed = Bench(passage=passage)
    closed.limit(micros=needed(Bench(passage=passage), request=1, before=FIRST, goes_on=True).micros - 1)
    most = needed(closed, request=1, before=FIRST, goes_on=False)
    assert is_closed_early(closed)
    assert not most.fits(to_begin())
    for less in (0, 1):
        bench = Bench(passage=passage)
        bench.limit(micros=most.micros - less)
        turn = bench.run()
        assert failed_for_budget(turn) == bool(less)
        assert turn.usage == (FIRST if less else BOTH)
        assert [(call["name"], call["outcome"]) for call in turn.calls] == [("look", "ok")]
        assert bench.standing() == Standing(amount_of(turn.usage), {})
    (row,) = bench.usage.of_day("tenant", day_of(bench.clock.now()))
    assert (row.usage.attempts, row.usage.micros) == (1, FIRST.micros)


def chained() -> Bench:
    cheap = ScriptedModel(LOOK, (ModelThrottledError("busy"),))
    return Bench((cheap, ScriptedModel(ANSWER, name="dear")), agent=CHAINED)


def test_a_dearer_fallback_in_a_later_round_is_reserved_before_it_is_asked() -> None:
    most = needed(chained(), model=1, request=0, before=FIRST, goes_on=True)
    fits, exceeds = chained(), chained()
    fits.limit(micros=most.micros)
    assert fits.run().usage == Usage(1, 700, 30, FIRST.micros + 400 * 5 + 10 * 20)
    exceeds.limit(micros=to_begin().micros)
    turn = exceeds.run()
    assert turn.failure is not None
    assert turn.failure.code == "AGENT_ERROR", "the model that fits is busy: sending again may help"
    assert turn.usage == FIRST
    assert exceeds.models[1].requests == []
    assert exceeds.standing() == Standing(amount_of(FIRST), {})


@pytest.mark.parametrize("skillset_id", [None, "skills"])
@pytest.mark.parametrize("dear_first", [True, False])
def test_a_model_that_does_not_fit_is_passed_over_for_one_that_does(
    *, dear_first: bool, skillset_id: str | None
) -> None:
    """The others are busy, or too dear; asked is the one that there is room for."""
    names = ("dear", "middling", "scripted") if dear_first else ("middling", "dear", "scripted")
    agent = replace(SKILLED, skillset_id=skillset_id, model=names[0], fallbacks=[*map(ModelChoice, names[1:])])
    busy = (ModelThrottledError("busy"),)

    def bench() -> Bench:
        models = {"dear": (busy,), "middling": (busy,), "scripted": (ANSWER,)}
        return Bench(tuple(ScriptedModel(*models[name], name=name) for name in names), agent=agent)

    some, none = bench(), bench()
    cheapest = replace(agent, model="scripted", fallbacks=[])
    some.limit(micros=to_begin(cheapest).micros)
    turn = some.run()
    assert (turn.state, turn.usage) == (TurnState.DONE, Usage(1, 400, 10, 420))
    assert {model.name: len(model.requests) for model in some.models} == {"dear": 0, "middling": 0, "scripted": 1}
    assert some.standing() == Standing(amount_of(Usage(1, 400, 10, 420)), {})
    none.limit(micros=to_begin(cheapest).micros - 1)
    assert failed_for_budget(none.run())
    assert all(model.requests == [] for model in none.models)
    assert none.standing() == Standing()


def test_the_first_answer_of_any_model_is_covered_by_what_was_reserved_at_the_beginning() -> None:
    cheap = ScriptedModel((ModelThrottledError("busy"),))
    bench = Bench((cheap, ScriptedModel(ANSWER, name="dear")), agent=replace(CHAINED, skillset_id=None))
    bench.limit(micros=bounds.most(bench.agent, PRICES, [], "hello").micros)
    assert bench.run().usage == Usage(1, 400, 10, 2_200)
    assert bench.faults.calls("extend") == 0


@pytest.mark.parametrize("passage", ["Tea is green. " * 1_000, "緑茶。" * 4_000])
def test_an_answer_from_documents_reserves_once(passage: str) -> None:
    bench = Bench((ScriptedModel(ANSWER),), agent=AGENT, passage=passage)
    bench.limit(micros=10**9)
    assert bench.run().state is TurnState.DONE
    assert bench.faults.calls("reserve") == 1
    assert bench.faults.calls("extend") == (0 if passage.isascii() else 1)


def test_what_another_agent_uses_is_reserved_before_and_paid_by_its_models_price() -> None:
    def asking() -> Bench:
        models = (ScriptedModel(ASKING, ANSWER), ScriptedModel(ANSWER, name="dear"))
        return Bench(models, abilities=(ASK,))

    outer = asking()
    most = needed(outer, model=1, request=0, before=FIRST, goes_on=False)
    # Who asks must still be able to close its own turn when the other has answered.
    most += bounds.closing_of(ModelChoice("scripted"), outer.models[0].requests[0], PRICES)
    fits, exceeds = asking(), asking()
    fits.limit(micros=most.micros)
    assert fits.run().usage == Usage(1, 1_100, 40, BOTH.micros + 2_200)
    exceeds.limit(micros=most.micros - 1)
    turn = exceeds.run()
    assert (turn.state, turn.usage) == (TurnState.DONE, BOTH)
    assert [(call["name"], call["outcome"]) for call in turn.calls] == [("ask", "failed")]
    assert exceeds.models[1].requests == []
    assert exceeds.standing() == Standing(amount_of(BOTH), {})


def test_rounds_that_fail_are_paid_for_as_far_as_they_came() -> None:
    bench = Bench((ScriptedModel(LOOK, (TextDelta("four"), ModelError("gone"))),))
    bench.limit(micros=10**9)
    turn = bench.run()
    assert turn.state is TurnState.FAILED
    assert turn.usage is not None
    read = bounds.least_input(bench.models[0].requests[1])
    assert turn.usage == Usage(1, 300 + read, 21, FIRST.micros + read + 2, estimated=True)
    assert bench.standing() == Standing(amount_of(turn.usage), {})


def test_a_stop_in_the_second_round_settles_both() -> None:
    class Stopped(ScriptedModel):
        def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
            yield from super().stream(request, cancellation)
            if len(self.requests) == 2:
                bench.turns.request_stop("tenant", "chat", 1)
                bench.clock.advance(TIMING.look_every + 0.1)
                assert cancellation.wait(10)

    bench = Bench((Stopped(LOOK, (TextDelta("four"),)),))
    bench.limit(micros=10**9)
    turn = bench.run()
    assert turn.state is TurnState.STOPPED
    read = bounds.least_input(bench.models[0].requests[1])
    assert turn.usage == Usage(1, 300 + read, 21, FIRST.micros + read + 2, estimated=True)
    assert bench.standing() == Standing(amount_of(turn.usage), {})


@pytest.mark.parametrize(
    ("fault", "carried_out"),
    [(ContendedError("busy"), False), (UnansweredError("slow"), False), (UnansweredError("slow"), True)],
)
def test_an_extension_that_fails_or_is_not_answered_counts_once(fault: Exception, *, carried_out: bool) -> None:
    bench = Bench()
    bench.limit(micros=two_rounds().micros)
    (bench.faults.fail_after if carried_out else bench.faults.fail_before)("extend", fault)
    assert bench.run().state is TurnState.DONE
    assert bench.faults.pending == []
    assert bench.standing() == Standing(amount_of(BOTH), {})


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_extension_that_is_never_answered_fails_the_turn_and_leaves_nothing_reserved(*, carried_out: bool) -> None:
    bench = Bench()
    bench.limit(micros=10**9)
    (bench.faults.fail_after if carried_out else bench.faults.fail_before)("extend", UnansweredError("slow"))
    for nth in range(2, 200):
        bench.faults.fail_before("extend", UnansweredError("slow"), nth=nth)
    turn = bench.run()
    assert (turn.state, turn.usage) == (TurnState.FAILED, FIRST)
    assert len(bench.models[0].requests) == 1
    assert bench.standing() == Standing(amount_of(FIRST), {})


def test_the_next_attempt_takes_the_extended_reservation_of_a_killed_one() -> None:
    bench = Bench()
    most = two_rounds()
    bench.limit(micros=most.micros)
    bench.send()
    bench.faults.kill_at("finish")
    with pytest.raises(KilledError):
        bench.drain()
    assert bench.standing().committed == most
    bench.faults = Faults()
    bench.clock.advance(TIMING.lease + 1)
    assert bench.drain(models=(ScriptedModel(LOOK, ANSWER),)).usage == replace(BOTH, attempt=2)
    assert bench.standing() == Standing(amount_of(BOTH), {})


@pytest.mark.parametrize("expired", [True, False])
def test_a_round_takes_the_room_of_reservations_that_have_expired_and_of_no_others(*, expired: bool) -> None:
    bench = Bench()
    most = two_rounds()
    budget = Budget("tenant", TENANT, "month", micros=most.micros)
    bench.budgets.put(budget)
    until = bench.clock.now() + (0 if expired else 60_000)
    left = Reservation("gone", 1, 1, Amount(1, 1), until)
    bench.budgets.reserve(budget, budget.window(bench.clock.now()), left)
    assert bench.run().state is TurnState.DONE
    assert is_closed_early(bench) is not expired
    assert ("gone" in bench.standing().reservations) is not expired


class Obliging(ScriptedModel):
    """Answers when it is told to answer with what it has."""

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        results = request.messages[-1].results
        if results and results[-1].content.endswith("Answer with what you have."):
            self.requests.append(request)
            return iter(ANSWER)
        return super().stream(request, cancellation)


@pytest.mark.parametrize("looks", [1, 5])
def test_of_fifty_turns_of_many_rounds_at_once_those_that_are_admitted_are_answered(looks: int) -> None:
    bench = Bench()
    bench.limit(micros=10 * to_begin().micros)
    models = [Obliging(*[LOOK] * looks, ANSWER) for _ in range(50)]
    for number in range(50):
        bench.send(f"chat_{number}")
    with ThreadPoolExecutor(50) as workers:
        turns = list(workers.map(lambda number: bench.drain(f"chat_{number}", (models[number],)), range(50)))
    answered = [turn for turn in turns if turn.state is TurnState.DONE]
    refused = [turn for turn in turns if failed_for_budget(turn)]
    assert len(answered) + len(refused) == 50
    assert len(answered) >= 10
    assert all(turn.usage == Usage(1) for turn in refused)
    spent = sum(turn.usage.micros for turn in answered if turn.usage)
    assert 0 < spent <= 10 * to_begin().micros
    assert bench.standing().committed.micros == spent
    assert bench.standing().reservations == {}
