"""What one turn costs at the table, at the 1st and at the 1,000th turn. The figures stand in docs/data-model.md."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parlance.agents.models.base import Cancellation, Completed, ModelEvent, TextDelta
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import BeginView, LeaseTerms, NewTurn, Replied
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.storage.recording import Recorder, Recording

pytestmark = pytest.mark.storage

_DOCUMENT = Path(__file__).parents[2] / "docs" / "data-model.md"
_QUESTION = "How do I start Parlance on my own machine?".ljust(400, ".")
_ANSWER = "Clone the repository and run make run.".ljust(1200, ".")
_MEASURED_TURNS = (1, 40, 1000)


class TimedModel:
    """Answers at once and notes when it was called and when it gave its last token."""

    def __init__(self) -> None:
        self.called = self.answered = 0.0

    def __call__(self, _content: str, _cancellation: Cancellation) -> Iterator[ModelEvent]:
        self.called = time.monotonic()
        yield TextDelta(_ANSWER)
        self.answered = time.monotonic()
        yield Completed(100, 300, {"model": "scripted"})


@dataclass(frozen=True)
class Bench:
    """A conversation that can be brought to any turn, and both ways to run the next one."""

    conversations: DynamoConversationStore
    turns: DynamoTurnStore
    engine: TurnEngine
    worker: Worker
    caller: Caller
    model: TimedModel
    recorder: Recorder
    clock: SystemClock
    ids: RandomIds

    def start(self, chat: str) -> None:
        now = self.clock.now()
        new = Conversation("acme", chat, "alice", "default", "A chat", now, now)
        self.conversations.create(new, key=None, token=self.ids.random())

    def bring_to(self, chat: str, turn: int) -> None:
        """Run turns through the store alone, so that the next one is the `turn`th."""
        current = self.conversations.get("acme", chat)
        assert current is not None
        while current.last_turn < 2 * (turn - 1) - 1:
            current = self._turn(current)

    def _turn(self, current: Conversation) -> Conversation:
        now = self.clock.now()
        random = self.ids.random()
        new = NewTurn("acme", current.id, _QUESTION, now, random, random, random)
        terms = LeaseTerms(random, now + 30_000, now)
        claim = self.turns.begin(new, BeginView(current, None), terms=terms, token=self.ids.random()).claim
        assert claim is not None
        turn = claim.turn
        reply = Message(turn.reply_id, turn.reply_number, "assistant", _ANSWER, now, turn.id)
        self.turns.finish(claim, Replied(reply, False), now=now, token=self.ids.random())
        return replace(
            claim.conversation,
            lease=None,
            message_count=turn.reply_number,
            drained=turn.number,
            settled=turn.reply_number,
            ended_attempts=claim.conversation.ended_attempts + 1,
        )


@pytest.fixture
def bench(table: Table) -> Bench:
    turns, wakeups, model = DynamoTurnStore(table), QueuedWakeups(), TimedModel()
    clock, ids = SystemClock(), RandomIds()
    responder = ScriptedResponder(model)
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    return Bench(
        conversations=DynamoConversationStore(table),
        turns=turns,
        engine=engine,
        worker=Worker(turns, responder, ListeningAudience(), wakeups, clock=clock, ids=ids),
        caller=Caller(engine, turns, responder, wakeups, clock=clock, ids=ids),
        model=model,
        recorder=Recorder(table.client),
        clock=clock,
        ids=ids,
    )


def by_worker(bench: Bench, chat: str) -> Recording:
    command = BeginTurn("acme", chat, _QUESTION, idempotency_key=bench.ids.random(), connection_id="connection")
    with bench.recorder.record() as recording:
        turn = bench.engine.begin(command).turn
        bench.worker.drain("acme", chat, turn_number=turn.number, deadline=bench.clock.monotonic() + 100)
    return recording


def by_caller(bench: Bench, chat: str) -> Recording:
    command = BeginTurn("acme", chat, _QUESTION, idempotency_key=bench.ids.random())
    with bench.recorder.record() as recording:
        running = bench.caller.send(command, deadline=bench.clock.monotonic() + 100)
        list(running.events)
        running.join(10)
    return recording


@dataclass(frozen=True)
class Row:
    """One line of the document's table."""

    path: str
    turn: int
    trips: int
    reads: float
    writes: float
    after: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"| {self.path} | {self.turn:,} | {self.trips} | {self.reads:g} | {self.writes:g} "
            f"| {', '.join(self.after)} |"
        )


def measure(bench: Bench, path: str, run: Callable[[Bench, str], Recording]) -> list[Row]:
    chat = f"chat_{bench.ids.random()}"
    bench.start(chat)
    rows = []
    for turn in _MEASURED_TURNS:
        bench.bring_to(chat, turn)
        recording = run(bench, chat)
        before = recording.until(bench.model.called).round_trips
        after = tuple(call.operation for call in recording.since(bench.model.answered).calls)
        rows.append(Row(path, turn, before, recording.reads, recording.writes, after))
    return rows


def test_the_units_and_round_trips_of_a_turn_are_those_in_the_document(bench: Bench) -> None:
    over_websocket = measure(bench, "worker", by_worker)
    over_http = measure(bench, "caller", by_caller)

    # The handler reads the connection beside its counter, and the HTTP routes count too: one more trip for each.
    assert [row.trips for row in over_websocket] == [4, 4, 4]
    assert [row.trips for row in over_http] == [2, 2, 2]
    for rows in (over_websocket, over_http):
        assert all(row.after[0] == "TransactWriteItems" for row in rows)
        assert all(row.after.count("TransactWriteItems") == 1 for row in rows)
        # The history window is full from the 31st turn on: nothing grows after that.
        assert replace(rows[1], turn=0) == replace(rows[2], turn=0)
    printed = "\n".join(str(row) for row in over_websocket + over_http)
    assert printed in _DOCUMENT.read_text(encoding="utf-8"), f"docs/data-model.md should hold:\n{printed}"
