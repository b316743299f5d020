"""Turns run by the caller that waits for the reply, as the HTTP dialects do.

A caller runs its own turn only, and only at the head of the line. Otherwise it follows whoever runs it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from parlance.clock import Clock
from parlance.conversations.attempt import Attempt
from parlance.conversations.collaborators import Accounts, FreeOfCharge, News, NoNews, Responder, Wakeups
from parlance.conversations.engine import BeginTurn, BegunTurn, TurnEngine
from parlance.conversations.history import is_complete
from parlance.conversations.log import Abandoned, Ended, TurnEvent, TurnFailed
from parlance.conversations.model import Claim, Message, Turn
from parlance.conversations.port import TurnStore
from parlance.conversations.timing import Timing
from parlance.errors import AgentError, AgentTimeoutError, BudgetExceededError, NotFoundError, ParlanceError
from parlance.ids import IdSource
from parlance.storage.keys import HIGHEST_NUMBER

_JOIN_SECONDS = 30.0
_ERRORS: Mapping[str, type[ParlanceError]] = {
    "AGENT_TIMEOUT": AgentTimeoutError,
    "BUDGET_EXCEEDED": BudgetExceededError,
}


@dataclass(frozen=True, slots=True)
class RunningTurn:
    """A turn under way and its events, live. Leaving the events unread does not end the turn; only a stop does."""

    begun: BegunTurn
    events: Iterator[TurnEvent]
    runner: threading.Thread | None

    def reply(self) -> Message:
        """Wait for the whole reply.

        Raises AgentError, AgentTimeoutError, BudgetExceededError, and NotFoundError("chat") when it is gone.
        """
        for event in self.events:
            match event:
                case Ended(reply=reply):
                    self.join()
                    return reply
                case TurnFailed(turn, failure):
                    self.join()
                    kind = _ERRORS.get(failure.code, AgentError)
                    raise kind(failure.message, details={"message_id": turn.reply_id, "turn_id": turn.id})
        raise NotFoundError("chat")

    def join(self, timeout_seconds: float = _JOIN_SECONDS) -> None:
        """Wait until the attempt that runs here, if one does, is over: a Lambda is frozen once it has answered."""
        if self.runner is not None:
            self.runner.join(timeout_seconds)


class Caller:
    """Begins a turn and runs it, or follows it."""

    def __init__(
        self,
        engine: TurnEngine,
        store: TurnStore,
        responder: Responder,
        wakeups: Wakeups,
        *,
        clock: Clock,
        ids: IdSource,
        timing: Timing | None = None,
        accounts: Accounts | None = None,
        news: News | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._responder = responder
        self._wakeups = wakeups
        self._clock = clock
        self._ids = ids
        self._timing = timing or Timing()
        self._accounts = accounts or FreeOfCharge()
        self._news = news or NoNews()

    def send(self, command: BeginTurn, *, deadline: float) -> RunningTurn:
        """Begin the turn of a message, or find the one it began before. Raises what `TurnEngine.begin` raises."""
        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(self._history, command, HIGHEST_NUMBER)
            begun = self._engine.begin(command, lease_owner=self._ids.random())
            history = reading.result()
        if begun.claim is None:
            self._engine.wake(command, begun)
            return RunningTurn(begun, self._follow(command, begun.turn), None)
        below = begun.turn.number
        earlier = [message for message in history if message.number < below]
        if not is_complete(earlier, begun.claim.conversation, below=below):
            earlier = self._history(command, below)
        return self._run(command, begun, begun.claim, earlier, deadline)

    def _run(
        self, command: BeginTurn, begun: BegunTurn, claim: Claim, history: Sequence[Message], deadline: float
    ) -> RunningTurn:
        attempt = Attempt(
            claim,
            history,
            store=self._store,
            responder=self._responder,
            accounts=self._accounts,
            news=self._news,
            clock=self._clock,
            ids=self._ids,
            timing=self._timing,
            deadline=deadline,
            goes_on=lambda: False,
        )
        runner = threading.Thread(target=self._run_own, args=(attempt, command), name="turn-caller", daemon=True)
        runner.start()
        return RunningTurn(begun, self._live(attempt, command, begun.turn), runner)

    def _run_own(self, attempt: Attempt, command: BeginTurn) -> None:
        attempt.run(lambda _: None)
        work = self._store.work(command.tenant_id, command.conversation_id, hint=None)
        if work.turn is not None:
            # Those who queued behind this turn found its lease held and left the rest to its holder.
            self._wakeups.wake(command.tenant_id, command.conversation_id, turn_number=work.turn.number)

    def _live(self, attempt: Attempt, command: BeginTurn, turn: Turn) -> Iterator[TurnEvent]:
        for event in attempt.log.events():
            if isinstance(event, Abandoned):
                yield from self._follow(command, turn)
                return
            yield event

    def _follow(self, command: BeginTurn, turn: Turn) -> Iterator[TurnEvent]:
        return self._engine.follow(command.tenant_id, command.conversation_id, turn)

    def _history(self, command: BeginTurn, below: int) -> list[Message]:
        return self._store.history(
            command.tenant_id, command.conversation_id, below=below, limit=self._timing.history_max
        )
