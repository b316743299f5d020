"""One attempt at a turn: a model is read, its tokens are kept, the reply is stored.

Three threads, so that none waits for another: the reader sits in the model's stream, the keeper looks for a stop and
renews the lease, and the caller's thread cuts the text into tokens and finishes. Listeners read the log on threads of
their own.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parlance.agents.calls import Called, Calling
from parlance.agents.context import TurnContext
from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelError, TextDelta
from parlance.clock import Clock, day_of
from parlance.conversations.collaborators import Account, Accounts, News, Responder
from parlance.conversations.failures import FAILED, TIMED_OUT, failure_of
from parlance.conversations.keeper import Keeper
from parlance.conversations.log import Abandoned, End, Ended, TurnFailed, TurnLog
from parlance.conversations.model import Claim, Failure, Message, Turn, TurnState, Usage
from parlance.conversations.port import Failed, LeaseLostError, Outcome, Replied, TurnStore
from parlance.conversations.retrying import persist
from parlance.conversations.timing import Timing
from parlance.conversations.tokenizing import Tokenizer
from parlance.errors import BudgetExceededError, UnavailableError
from parlance.ids import IdSource
from parlance.logs import logger
from parlance.storage.table import ContendedError, UnansweredError


@dataclass(frozen=True, slots=True)
class _ReadingEnded:
    """The reader's last word: how the model's stream ended."""

    completed: Completed | None
    error: Exception | None


class Attempt:
    """Runs the attempt that a claim gives the right to. `deadline` is on the clock's monotonic scale.

    `goes_on` says at the finish whether the holder means to run the next turn in line, if there is one. `accounts`
    decide whether the model may be called and are told what it used; `news` are told that the attempt has ended.
    """

    def __init__(
        self,
        claim: Claim,
        history: Sequence[Message],
        *,
        store: TurnStore,
        responder: Responder,
        accounts: Accounts,
        news: News,
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
        self._accounts = accounts
        self._news = news
        self._account: Account | None = None
        self._usage = Usage(attempt=claim.turn.attempt)
        self._ended_at = 0
        self._announced = False
        self._clock = clock
        self._timing = timing
        self._deadline = min(deadline, clock.monotonic() + timing.turn_limit)
        self._goes_on = goes_on
        self._ids = ids
        self._finish_token = ids.random()
        self._cancellation = Cancellation()
        self._cut_short = False
        self._pieces: queue.SimpleQueue[TextDelta | Calling | Called | _ReadingEnded] = queue.SimpleQueue()
        self.log = TurnLog(claim.turn, clock=clock, speaks_until=claim.lease.until)

    def run(self, heard_by: Callable[[Turn], None]) -> End:
        """Run to the end, which is stored before it is told to the log. `heard_by` is given the turn at every look."""
        end: End = Abandoned(self._claim.turn)
        keeper = Keeper(
            self._claim,
            self.log,
            store=self._store,
            clock=self._clock,
            ids=self._ids,
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
        if isinstance(end, Abandoned):
            self._give_back()
        else:
            self._settle()
        return end

    def _outcome(self, keeper: Keeper) -> Outcome | None:
        """How the attempt came out, None when the lease was lost on the way."""
        if self._claim.turn.stop_requested:
            return self._replied(None, stopped=True)
        if self._claim.turn.attempt - self._claim.turn.tried > self._timing.attempts_max:
            return self._failed(FAILED)
        try:
            self._account = self._accounts.open(self._claim, self._history)
        except (BudgetExceededError, ContendedError, UnansweredError) as error:
            self._not_reserved(error)
            return self._failed(failure_of(error))
        return self._answer(keeper, self._account)

    def _answer(self, keeper: Keeper, account: Account) -> Outcome | None:
        threading.Thread(target=self._read, args=(account,), name="model-reader", daemon=True).start()
        ending = self._collect(keeper)
        completed = ending.completed if ending else None
        self._usage = account.usage()
        if keeper.lease_lost:
            return None
        if keeper.stop_seen:
            return self._replied(completed, stopped=True)
        if self._cut_short:
            return self._replied(completed, stopped=False)
        return self._judged(ending)

    def _judged(self, ending: _ReadingEnded | None) -> Outcome:
        if ending is None:
            return self._failed(TIMED_OUT)
        if ending.error is not None:
            return self._failed(failure_of(ending.error))
        if ending.completed is None or not (self.log.text().strip() or ending.completed.calls):
            return self._failed(FAILED)
        return self._replied(ending.completed, stopped=False)

    def _failed(self, failure: Failure) -> Failed:
        return Failed(failure, self._calls())

    def _calls(self) -> Sequence[Mapping[str, Any]]:
        return tuple(call.kept() for call in self.log.calls())

    def _read(self, account: Account) -> None:
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
                context=TurnContext.restored(self._claim.turn.context),
                meter=account,
            ):
                if isinstance(event, Completed):
                    completed = event
                else:
                    self._pieces.put(event)
        except ModelError as failure:
            logger.warning("model failed", turn_id=self._claim.turn.id, error=type(failure).__name__, why=str(failure))
            error = failure
        except (BudgetExceededError, ContendedError, UnansweredError) as failure:
            self._not_reserved(failure)
            error = failure
        except Exception as failure:  # noqa: BLE001 - a thread's entry point: a fault in a model fails its turn only
            logger.error("model broke", turn_id=self._claim.turn.id, error=type(failure).__name__)
            error = failure
        self._pieces.put(_ReadingEnded(completed, error))

    def _not_reserved(self, error: Exception) -> None:
        if not isinstance(error, BudgetExceededError):
            logger.error("budget not reserved", turn_id=self._claim.turn.id, error=type(error).__name__)

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
            if isinstance(piece, Calling | Called):
                tokenizer.flush()
                self.log.tell(piece)
                continue
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
        return Replied(reply, stopped, self._calls())

    def _finish(self, outcome: Outcome, keeper: Keeper) -> End:
        """Store the end. A conflict or a time-out is tried again under the same token while the lease lasts."""
        keeper.stop_keeping_tokens()
        now = self._ended_at = self._clock.now()
        # Given back between two turns, the lease would be fought for by everybody who was woken meanwhile.
        keep_until = now + self._timing.lease_ms if self._claim.others_wait and self._goes_on() else None
        announced = self._announced = self._news.wanted(self._claim.conversation.tenant_id)
        try:
            persist(
                lambda: self._store.finish(
                    self._claim,
                    outcome,
                    now=now,
                    token=self._finish_token,
                    keep_until=keep_until,
                    usage=self._usage,
                    announced=announced,
                ),
                clock=self._clock,
                give_up=lambda: keeper.lease_lost,
            )
        except (LeaseLostError, ContendedError, UnansweredError):
            return Abandoned(self._claim.turn)
        match outcome:
            case Replied(reply, stopped, calls):
                state = TurnState.STOPPED if stopped else TurnState.DONE
                ended = replace(self._claim.turn, state=state, ended_at=now, calls=calls, usage=self._usage)
                return Ended(ended, reply, stopped)
            case Failed(failure, calls):
                ended = replace(self._claim.turn, ended_at=now, calls=calls, usage=self._usage)
                return TurnFailed(replace(ended, state=TurnState.FAILED, failure=failure), failure)

    def _give_back(self) -> None:
        """What was reserved for an end that could not be stored: nobody else may come who would."""
        if self._account is None:
            return
        try:
            self._account.settle(self._usage)
        except (ContendedError, UnansweredError) as error:
            logger.warning("attempt not settled", turn_id=self._claim.turn.id, error=type(error).__name__)

    def _settle(self) -> None:
        """After the end is stored and told. What fails here is made good by whoever finds it missing."""
        before, turn_id = self._claim.conversation, self._claim.turn.id
        after = before.having_used(self._usage, day=day_of(self._ended_at))
        try:
            if self._account is not None:
                self._account.settle(self._usage)
            else:
                # Ended without a call of its own, after an attempt that was killed perhaps.
                self._accounts.release(before)
            if before.usage and after.usage and before.usage.day != after.usage.day:
                self._accounts.record(before)
            self._accounts.record(after)
            if self._announced:
                self._news.tell(before.tenant_id, before.id)
        except (ContendedError, UnansweredError, UnavailableError) as error:
            logger.warning("attempt not settled", turn_id=turn_id, error=type(error).__name__)
