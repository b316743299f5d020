"""What the workers do with a message from their queue.

A message that is not done with is reported as failed, after its visibility has been set to when it should come again:
the queue's own time-out is as long as a worker may run, which is far too long to wait for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from parlance.clock import Clock
from parlance.conversations.collaborators import Sweeps
from parlance.conversations.sweeper import NotMarked, Sweeper, SweepLater
from parlance.conversations.worker import Drained, Held, Worker
from parlance.errors import UnavailableError
from parlance.http.faults import log_fault
from parlance.knowledge.indexer import Indexer
from parlance.logs import logger
from parlance.privacy.erasure import Erasure, Erasures
from parlance.realtime.greeting import Greeter
from parlance.realtime.messages import (
    Greeting,
    Sweep,
    TurnWakeup,
    UserErasure,
    Watchdog,
    parse_index_request,
    parse_sweep,
    parse_wakeup,
)

_WAKEUP_RECEIPTS_MAX = 2
_UNMARKED_RECEIPTS_MAX = 4
_UNMARKED_PAUSE = 10
_FAULT_PAUSE_MAX = 60
_ERASURE_PAUSE = 90


@dataclass(frozen=True, slots=True)
class Again:
    """The message is not done with; it should come again in that many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Received:
    """One message: its body, how often it has come by now, and the time by which to be done (monotonic seconds)."""

    body: str
    receipts: int
    deadline: float


class Visibility(Protocol):
    """The queue's hold on its messages."""

    def hide(self, receipt_handle: str, *, seconds: int) -> None: ...


class Context(Protocol):
    """What Lambda says of an invocation."""

    def get_remaining_time_in_millis(self) -> int: ...


class Consumer:
    """Serves a function that SQS invokes, and says which messages must come again."""

    def __init__(self, handle: Callable[[Received], Again | None], queue: Visibility, clock: Clock) -> None:
        self._handle = handle
        self._queue = queue
        self._clock = clock

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        deadline = self._clock.monotonic() + context.get_remaining_time_in_millis() / 1000
        failed = [record["messageId"] for record in event["Records"] if not self._is_done(record, deadline)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _is_done(self, record: Mapping[str, Any], deadline: float) -> bool:
        receipts = int(record["attributes"]["ApproximateReceiveCount"])
        try:
            again = self._handle(Received(record["body"], receipts, deadline))
        except Exception as error:  # noqa: BLE001 - the entry point of a message: it must come again, and soon
            log_fault(error)
            again = Again(min(2**receipts, _FAULT_PAUSE_MAX))
        if again is None:
            return True
        try:
            self._queue.hide(record["receiptHandle"], seconds=again.seconds)
        except UnavailableError:
            logger.warning("visibility not set", message_id=record["messageId"])
        return False


class Wakeups:
    """Handles what wakes the workers of conversations."""

    def __init__(self, worker: Worker, greeter: Greeter, clock: Clock) -> None:
        self._worker = worker
        self._greeter = greeter
        self._clock = clock

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        match parse_wakeup(received.body):
            case Greeting() as greeting:
                self._greeter.greet(greeting)
                return None
            case Watchdog() as watch:
                drained = self._worker.watched(
                    watch.tenant_id, watch.conversation_id, sent_at=watch.sent_at, deadline=received.deadline
                )
                return self._after(drained)
            case TurnWakeup() as wakeup:
                drained = self._worker.drain(
                    wakeup.tenant_id,
                    wakeup.conversation_id,
                    turn_number=wakeup.turn_number,
                    deadline=received.deadline,
                )
                # A lease that is still held then is being renewed: its holder lives, and will see what there is.
                return self._after(drained) if received.receipts < _WAKEUP_RECEIPTS_MAX else None

    def _after(self, drained: Drained) -> Again | None:
        if not isinstance(drained, Held):
            return None
        rest_ms = drained.until - self._clock.now()
        return Again(max(1, -(-rest_ms // 1000) + 1))


class Deletions:
    """Handles the removal of deleted conversations and of users."""

    def __init__(self, sweeper: Sweeper, sweeps: Sweeps, erasure: Erasure, erasures: Erasures) -> None:
        self._sweeper = sweeper
        self._sweeps = sweeps
        self._erasure = erasure
        self._erasures = erasures

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        match parse_sweep(received.body):
            case UserErasure() as wanted:
                self._erase(wanted)
                return None
            case Sweep() as sweep:
                return self._sweep(sweep, received)

    def _erase(self, wanted: UserErasure) -> None:
        self._erasure.erase(wanted.tenant_id, wanted.user_id)
        if wanted.passes > 1:
            # A worker that was finishing a turn at this moment may write of the user once more.
            self._erasures.erase(
                wanted.tenant_id, wanted.user_id, passes=wanted.passes - 1, delay_seconds=_ERASURE_PAUSE
            )

    def _sweep(self, sweep: Sweep, received: Received) -> Again | None:
        swept = self._sweeper.sweep(sweep.tenant_id, sweep.conversation_id, deadline=received.deadline)
        match swept:
            case SweepLater(delay_seconds):
                # A message of its own, so that a large conversation is not taken for one that always fails.
                self._sweeps.sweep(sweep.tenant_id, sweep.conversation_id, delay_seconds=delay_seconds)
            case NotMarked() if received.receipts < _UNMARKED_RECEIPTS_MAX:
                return Again(_UNMARKED_PAUSE)
        return None


class Indexings:
    """Handles the making of snapshots."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        asked = parse_index_request(received.body)
        self._indexer.index(asked.tenant_id, asked.dataset_id, deadline=received.deadline, unreadable=asked.unreadable)
        return None
