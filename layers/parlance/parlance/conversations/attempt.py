"""One attempt at a turn: a model is read, its tokens are kept, the reply is stored.

Three threads, so that none waits for another: the reader sits in the model's stream, the keeper beats and renews the
lease, and the caller's thread cuts the text into tokens and finishes. Listeners read the log on threads of their own.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelError, ModelTimeoutError, TextDelta
from parlance.clock import Clock
from parlance.conversations.collaborators import Responder
from parlance.conversations.keeper import Keeper
from parlance.conversations.log import Abandoned, End, Ended, TurnFailed, TurnLog
from parlance.conversations.model import Claim, Failure, Message, Turn, TurnState
from parlance.conversations.port import Failed, LeaseLostError, Outcome, Replied, TurnStore
from parlance.conversations.retrying import persist
from parlance.conversations.timing import Timing
from parlance.conversations.tokenizing import Tokenizer
from parlance.ids import IdSource
from parlance.logs import logger
from parlance.storage.table import ContendedError, UnansweredError

FAILED = Failure("AGENT_ERROR", "The agent could not answer. Try again.")
TIMED_OUT = Failure("AGENT_TIMEOUT", "The agent did not answer in time. Try again.")


@dataclass(frozen=True, slots=True)
class _ReadingEnded:
    """The reader's last word: how the model's stream ended."""

    completed: Completed | None
    error: Exception | None


class Attempt:
    """Runs the attempt that a claim gives the right to. `deadline` is on the clock's monotonic scale.

    `goes_on` says at the finish whether the holder means to run the next turn in line, if there is one.
    """

    def __init__(
        self,
        claim: Claim,
        history: Sequence[Message],
        *,
        store: TurnStore,
        responder: Responder,
        clock: Clock,
        ids: IdSource,
        timing: Timing,
        deadline: float,
        goes_on: Callable[[], bool],
    ) -> None:
        self._claim = claim
        self._history = history
        self._store = store
        self._responder = responder
        self._clock = clock
        self._timing = timing
        self._deadline = min(deadline, clock.monotonic() + timing.turn_limit)
        self._goes_on = goes_on
        self._finish_token = ids.random()
        self._cancellation = Cancellation()
        self._cut_short = False
        self._pieces: queue.SimpleQueue[TextDelta | _ReadingEnded] = queue.SimpleQueue()
        self.log = TurnLog(claim.turn, clock=clock, speaks_until=claim.lease.until)

    def run(self, heard_by: Callable[[Turn], None]) -> End:
        """Run to the end, which is stored before it is told to the log. `heard_by` is given the turn at every beat."""
        end: End = Abandoned(self._claim.turn)
        keeper = Keeper(
            self._claim,
            self.log,
            store=self._store,
            clock=self._clock,
            timing=self._timing,
            stop=self._cancellation.request,
            heard_by=heard_by,
        )
        with keeper:
            try:
                outcome = self._outcome(keeper)
                end = self._finish(outcome, keeper) if outcome else end
            finally:
                self._cancellation.request()
                self.log.end(end)
        return end

    def _outcome(self, keeper: Keeper) -> Outcome | None:
        """How the attempt came out, None when the lease was lost on the way."""
        if self._claim.turn.stop_requested:
            return self._replied(None, stopped=True)
        if self._claim.turn.attempt - self._claim.turn.tried > self._timing.attempts_max:
            return Failed(FAILED)
        threading.Thread(target=self._read, name="model-reader", daemon=True).start()
        ending = self._collect(keeper)
        if keeper.lease_lost:
            return None
        if keeper.stop_seen:
            return self._replied(ending.completed if ending else None, stopped=True)
        if self._cut_short:
            return self._replied(ending.completed if ending else None, stopped=False)
        return self._judged(ending)

    def _judged(self, ending: _ReadingEnded | None) -> Outcome:
        if ending is None or isinstance(ending.error, ModelTimeoutError):
            return Failed(TIMED_OUT)
        if ending.error is not None or ending.completed is None or not self.log.text().strip():
            return Failed(FAILED)
        return self._replied(ending.completed, stopped=False)

    def _read(self) -> None:
        """The reader thread: every way for it to end is told to the collector."""
        completed: Completed | None = None
        error: Exception | None = None
        try:
            for event in self._responder.respond(
                tenant_id=self._claim.conversation.tenant_id,
                agent_id=self._claim.conversation.agent_id,
                history=[ChatMessage(message.role, message.content) for message in self._history if message.is_told],
                content=self._claim.message.content,
                cancellation=self._cancellation,
            ):
                if isinstance(event, TextDelta):
                    self._pieces.put(event)
                else:
                    completed = event
        except ModelError as failure:
            logger.warning("model failed", turn_id=self._claim.turn.id, error=type(failure).__name__)
            error = failure
        except Exception as failure:  # noqa: BLE001 - a thread's entry point: a fault in a model fails its turn only
            logger.error("model broke", turn_id=self._claim.turn.id, error=type(failure).__name__)
            error = failure
        self._pieces.put(_ReadingEnded(completed, error))

    def _collect(self, keeper: Keeper) -> _ReadingEnded | None:
        """Cut the model's text into the log's tokens. None when the time ran out or the model would not stop."""
        tokenizer = Tokenizer(self.log.append, clock=self._clock, timing=self._timing)
        cancelled_at: float | None = None
        while not keeper.lease_lost:
            now = self._clock.monotonic()
            if self._cancellation.requested and cancelled_at is None:
                cancelled_at = now
            if cancelled_at is not None and now >= cancelled_at + self._timing.stop_grace:
                break
            if now >= self._deadline:
                self._cancellation.request()
                break
            try:
                piece = self._pieces.get(timeout=self._timing.tick)
            except queue.Empty:
                tokenizer.flush_if_due()
                continue
            if isinstance(piece, _ReadingEnded):
                tokenizer.flush()
                return piece
            if cancelled_at is None and not tokenizer.add(piece.text):
                self._cut_short = True
                self._cancellation.request()
        tokenizer.flush()
        return None

    def _replied(self, completed: Completed | None, *, stopped: bool) -> Replied:
        claim = self._claim
        metadata: dict[str, object] = dict(completed.metadata) if completed else {}
        if completed:
            metadata["input_tokens"] = completed.input_tokens
            metadata["output_tokens"] = completed.output_tokens
            metadata["tokens_used"] = completed.input_tokens + completed.output_tokens
        if stopped:
            metadata["stopped"] = True
        if self._cut_short:
            metadata["cut_short"] = True
        reply = Message(
            id=claim.turn.reply_id,
            number=claim.turn.reply_number,
            role="assistant",
            content=self.log.text(),
            created_at=self._clock.now(),
            turn_id=claim.turn.id,
            metadata=metadata,
        )
        return Replied(reply, stopped)

    def _finish(self, outcome: Outcome, keeper: Keeper) -> End:
        """Store the end. A conflict or a time-out is tried again under the same token while the lease lasts."""
        keeper.stop_keeping_tokens()
        now = self._clock.now()
        # Given back between two turns, the lease would be fought for by everybody who was woken meanwhile.
        keep_until = now + self._timing.lease_ms if self._claim.others_wait and self._goes_on() else None
        try:
            persist(
                lambda: self._store.finish(
                    self._claim, outcome, now=now, token=self._finish_token, keep_until=keep_until
                ),
                clock=self._clock,
                give_up=lambda: keeper.lease_lost,
            )
        except (LeaseLostError, ContendedError, UnansweredError):
            return Abandoned(self._claim.turn)
        match outcome:
            case Replied(reply, stopped):
                state = TurnState.STOPPED if stopped else TurnState.DONE
                return Ended(replace(self._claim.turn, state=state, ended_at=now), reply, stopped)
            case Failed(failure):
                failed = replace(self._claim.turn, state=TurnState.FAILED, failure=failure, ended_at=now)
                return TurnFailed(failed, failure)
