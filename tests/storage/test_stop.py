"""A stop over the real table: how long until the model's call is ended, and which calls of the table waiting costs."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from parlance.agents.models.base import Cancellation, Completed, ModelEvent, TextDelta
from parlance.clock import SystemClock
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, TurnState
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.lateness import lateness
from tests.storage.recording import Recorder

pytestmark = pytest.mark.storage


@pytest.fixture(scope="module")
def recorder(table: Table) -> Recorder:
    return Recorder(table.client)


@pytest.mark.parametrize("after", [0.95, 8.2])
def test_a_stop_ends_the_call_within_a_second_and_waiting_for_it_costs_a_call_a_second(
    table: Table, recorder: Recorder, after: float
) -> None:
    """Asked for right after a look, which is the longest wait; the last one is seen by the lease's renewal."""
    clock, ids, wakeups, turns = SystemClock(), RandomIds(), QueuedWakeups(), DynamoTurnStore(table)
    spoke = threading.Event()
    ended: list[float] = []

    def silent(_content: str, cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("Hello")
        spoke.set()
        assert cancel.wait(20)
        ended.append(time.monotonic())
        yield Completed(3, 1)

    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    worker = Worker(turns, ScriptedResponder(silent), ListeningAudience(), wakeups, clock=clock, ids=ids)
    chat, now = f"chat_{ids.random()}", clock.now()
    new = Conversation("acme", chat, "alice", "default", "A chat", now, now)
    DynamoConversationStore(table).create(new, key=None, token=ids.random())
    begun = engine.begin(BeginTurn("acme", chat, "hello"))
    deadline = clock.monotonic() + 300
    running = threading.Thread(target=lambda: worker.drain("acme", chat, turn_number=1, deadline=deadline))
    running.start()
    assert spoke.wait(10)
    with lateness() as late, recorder.record() as recording:
        time.sleep(after)
        waited = Counter(call.operation for call in recording.calls)
        engine.stop("acme", chat, begun.turn)
        accepted = time.monotonic()
        running.join(20)
    assert ended[0] - accepted < 1 + late[0]
    turn = turns.turn("acme", chat, 1)
    assert turn is not None
    assert turn.state is TurnState.STOPPED
    assert turn.usage is not None
    assert (turn.usage.input_tokens, turn.usage.output_tokens) == (3, 1)
    # Looks, and the words that were said, once: nothing else.
    assert set(waited) <= {"GetItem", "PutItem"}
    assert 1 <= waited["GetItem"] <= math.ceil(after)
    assert waited["PutItem"] <= 1
