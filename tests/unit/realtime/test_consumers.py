"""What workers do with their messages, and which of them must come again."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from parlance.conversations.sweeper import NotMarked, Sweeper, SweepLater, Swept
from parlance.conversations.worker import Drained, Held, Idle, Worker
from parlance.errors import UnavailableError
from parlance.realtime.consumers import Again, Consumer, Deletions, Received, Wakeups
from parlance.realtime.greeting import Greeter
from parlance.realtime.messages import Greeting, Sweep, TurnWakeup, UserErasure, Watchdog, parse_sweep, parse_wakeup
from tests.fakes.clock import START, ManualClock
from tests.fakes.house import QueuedSweeps
from tests.fakes.realtime import MemoryConnectionStore, RecordingManagement

if TYPE_CHECKING:
    from parlance.privacy.erasure import Erasure

_TURN = TurnWakeup(tenant_id="t", conversation_id="c", turn_number=3)
_WATCH = Watchdog(tenant_id="t", conversation_id="c", sent_at=7)
_SWEEP = Sweep(tenant_id="t", conversation_id="c")


@dataclass
class ScriptedWorker:
    """Says what it is told to say, and remembers what it was asked."""

    answer: Drained = field(default_factory=Idle)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def drain(self, *where: str, turn_number: int | None, deadline: float) -> Drained:
        self.asked.append(("drain", *where, turn_number, deadline))
        return self.answer

    def watched(self, *where: str, sent_at: int, deadline: float) -> Drained:
        self.asked.append(("watched", *where, sent_at, deadline))
        return self.answer


class Bench:
    def __init__(self, answer: Drained | None = None) -> None:
        self.clock = ManualClock()
        self.worker = ScriptedWorker(answer or Idle())
        self.management = RecordingManagement()
        greeter = Greeter(self.management, MemoryConnectionStore(), self.clock)
        self.wakeups = Wakeups(cast("Worker", self.worker), greeter, self.clock)

    def handle(self, body: str, *, receipts: int = 1) -> Again | None:
        return self.wakeups.handle(Received(body, receipts, deadline=900.0))


class TestWakeups:
    def test_each_kind_reaches_its_worker(self) -> None:
        bench = Bench()
        assert bench.handle(_TURN.model_dump_json()) is None
        assert bench.handle(_WATCH.model_dump_json()) is None
        assert bench.worker.asked == [("drain", "t", "c", 3, 900.0), ("watched", "t", "c", 7, 900.0)]
        greeting = Greeting(connection_id="x", tenant_id="t", user_id="u", chat_id="c", first_ever=True)
        assert bench.handle(greeting.model_dump_json()) is None
        assert bench.management.kinds("x") == ["connection_established", "user_created"]

    @pytest.mark.parametrize("body", [_TURN.model_dump_json(), _WATCH.model_dump_json()])
    def test_what_is_held_comes_again_when_the_lease_ends(self, body: str) -> None:
        assert Bench(Held(until=START + 12_300)).handle(body) == Again(14)
        assert Bench(Held(until=START - 5)).handle(body) == Again(1)

    def test_a_wakeup_does_not_wait_for_a_holder_that_lives(self) -> None:
        bench = Bench(Held(until=START + 30_000))
        assert bench.handle(_TURN.model_dump_json(), receipts=1) is not None
        assert bench.handle(_TURN.model_dump_json(), receipts=2) is None
        assert bench.handle(_WATCH.model_dump_json(), receipts=40) is not None

    @pytest.mark.parametrize("body", ["", "{}", "[]", '{"kind": "dance"}', '{"kind": "turn", "tenant_id": 7}'])
    def test_another_body_is_refused(self, body: str) -> None:
        with pytest.raises(ValueError, match="validation error"):
            parse_wakeup(body)
        with pytest.raises(ValueError, match="validation error"):
            parse_sweep(body)


@dataclass
class ScriptedSweeper:
    answer: Swept | SweepLater | NotMarked

    def sweep(self, *_: str, deadline: float) -> Swept | SweepLater | NotMarked:
        return self.answer


class TestDeletions:
    def _handle(
        self, answer: Swept | SweepLater | NotMarked, *, receipts: int = 1
    ) -> tuple[Again | None, QueuedSweeps]:
        sweeps = QueuedSweeps()
        deletions = Deletions(cast("Sweeper", ScriptedSweeper(answer)), sweeps, cast("Erasure", None), sweeps)
        return deletions.handle(Received(_SWEEP.model_dump_json(), receipts, 900.0)), sweeps

    def test_what_is_swept_is_done(self) -> None:
        again, sweeps = self._handle(Swept())
        assert (again, sweeps.asked) == (None, [])

    def test_what_takes_longer_is_asked_for_anew(self) -> None:
        again, sweeps = self._handle(SweepLater(36), receipts=49)
        assert (again, sweeps.asked) == (None, [("t", "c", 36)])

    def test_a_deletion_that_is_not_stored_yet_is_waited_for_but_not_for_ever(self) -> None:
        assert self._handle(NotMarked())[0] == Again(10)
        assert self._handle(NotMarked(), receipts=4)[0] is None

    @pytest.mark.parametrize(("passes", "asked"), [(2, [("t", "u", 1)]), (1, [])])
    def test_a_user_is_looked_for_once_more(self, passes: int, asked: list[tuple[str, str, int]]) -> None:
        erasure, sweeps = RecordingErasure(), QueuedSweeps()
        deletions = Deletions(cast("Sweeper", ScriptedSweeper(Swept())), sweeps, cast("Erasure", erasure), sweeps)
        body = UserErasure(tenant_id="t", user_id="u", passes=passes).model_dump_json()
        assert deletions.handle(Received(body, 1, 900.0)) is None
        assert (erasure.erased, sweeps.erasures) == ([("t", "u")], asked)


class RecordingErasure:
    def __init__(self) -> None:
        self.erased: list[tuple[str, str]] = []

    def erase(self, tenant_id: str, user_id: str) -> None:
        self.erased.append((tenant_id, user_id))


class RecordingQueue:
    def __init__(self, *, fails: bool = False) -> None:
        self.hidden: list[tuple[str, int]] = []
        self._fails = fails

    def hide(self, receipt_handle: str, *, seconds: int) -> None:
        if self._fails:
            raise UnavailableError("down")
        self.hidden.append((receipt_handle, seconds))


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 5000


def _event(*bodies: str, receipts: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receipts)},
            }
            for number, body in enumerate(bodies)
        ]
    }


class TestConsumer:
    def _consume(
        self, event: dict[str, Any], queue: RecordingQueue | None = None
    ) -> tuple[dict[str, Any], list[tuple[str, int]], list[Received]]:
        queue = queue or RecordingQueue()
        seen: list[Received] = []

        def handle(received: Received) -> Again | None:
            seen.append(received)
            if received.body == "broken":
                raise RuntimeError("oh")
            return Again(7) if received.body == "again" else None

        answer = Consumer(handle, queue, ManualClock())(event, Context())
        return answer, queue.hidden, seen

    def test_only_what_must_come_again_is_reported(self) -> None:
        answer, hidden, seen = self._consume(_event("done", "again"))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
        assert hidden == [("r1", 7)]
        assert [received.deadline for received in seen] == [5.0, 5.0]

    @pytest.mark.parametrize(("receipts", "seconds"), [(1, 2), (3, 8), (20, 60)])
    def test_a_fault_makes_the_message_come_again_soon(self, receipts: int, seconds: int) -> None:
        answer, hidden, _ = self._consume(_event("broken", "done", receipts=receipts))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
        assert hidden == [("r0", seconds)]

    def test_a_queue_that_does_not_answer_is_still_told_the_failure(self) -> None:
        answer, _, _ = self._consume(_event("again"), RecordingQueue(fails=True))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
