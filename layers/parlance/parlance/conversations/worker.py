"""The worker: takes the lease of a conversation and runs its turns in order until none is left."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from parlance.clock import Clock
from parlance.conversations.attempt import Attempt
from parlance.conversations.collaborators import Accounts, Audience, FreeOfCharge, News, NoNews, Responder, Wakeups
from parlance.conversations.history import is_complete
from parlance.conversations.log import Abandoned, End
from parlance.conversations.model import Claim, Conversation, Message
from parlance.conversations.port import LeaseTerms, StaleError, TurnStore, Work
from parlance.conversations.retrying import persist
from parlance.conversations.timing import Timing
from parlance.ids import IdSource
from parlance.pauses import Pauses

_CLAIM_PATIENCE = 2.0
_CLOSE_LIMIT = 10.0
_BEGIN_LASTS_MS = 30_000
"""A begin that collides with others finds its place in line only after a while; no function waits longer."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is left to do, or others have been woken to do it."""


@dataclass(frozen=True, slots=True)
class Held:
    """Another worker runs the conversation; its lease ends at `until` (ms since 1970) unless renewed."""

    until: int


type Drained = Idle | Held


class Worker:
    """Runs turns. `deadline` in its calls is on the clock's monotonic scale: the time by which it must be done."""

    def __init__(
        self,
        store: TurnStore,
        responder: Responder,
        audience: Audience,
        wakeups: Wakeups,
        *,
        clock: Clock,
        ids: IdSource,
        timing: Timing | None = None,
        accounts: Accounts | None = None,
        news: News | None = None,
        needs_seconds: float = 60.0,
    ) -> None:
        self._store = store
        self._responder = responder
        self._audience = audience
        self._wakeups = wakeups
        self._clock = clock
        self._ids = ids
        self._timing = timing or Timing()
        self._accounts = accounts or FreeOfCharge()
        self._news = news or NoNews()
        self._needs_seconds = needs_seconds

    def drain(self, tenant_id: str, conversation_id: str, *, turn_number: int | None, deadline: float) -> Drained:
        """Run the conversation's turns in order. `turn_number` hints at the first, which saves a read.

        With less than `needs_seconds` left before the deadline the rest is handed over by a wake-up.
        """
        hint, owner = turn_number, self._ids.random()
        while True:
            work, history = self._look(tenant_id, conversation_id, hint)
            hint = None
            if work.conversation is None or work.turn is None or work.message is None:
                return Idle()
            lease = work.conversation.lease
            if lease is not None and lease.owner != owner and work.conversation.lease_held(self._clock.now()):
                return Held(lease.until)
            if not self._has_time(deadline):
                self._wakeups.wake(tenant_id, conversation_id, turn_number=work.turn.number)
                return Idle()
            claim = self._claim(work, owner)
            if claim is not None and isinstance(self._run(claim, history, deadline), Abandoned):
                # Whoever has lost a lease comes back as somebody else.
                owner = self._ids.random()

    def watched(self, tenant_id: str, conversation_id: str, *, sent_at: int, deadline: float) -> Drained:
        """What a watchdog does: nothing once its turn has ended, else what a wake-up does.

        The line is drained in order: when its head was begun after the watchdog's own turn, that one has ended.
        """
        work = self._store.work(tenant_id, conversation_id, hint=None)
        if work.conversation is not None:
            self._make_good(work.conversation)
        if work.conversation is None or work.turn is None:
            return Idle()
        is_retry = work.turn.number <= work.conversation.drained
        if not is_retry and work.turn.created_at > sent_at + _BEGIN_LASTS_MS:
            return Idle()
        return self.drain(tenant_id, conversation_id, turn_number=work.turn.number, deadline=deadline)

    def _make_good(self, conversation: Conversation) -> None:
        """What a worker leaves undone that is killed between the end of its turn and the telling of it."""
        if conversation.ended_attempts:
            self._accounts.check(conversation)
            if self._news.wanted(conversation.tenant_id):
                self._news.tell(conversation.tenant_id, conversation.id)

    def _look(self, tenant_id: str, conversation_id: str, hint: int | None) -> tuple[Work, Sequence[Message]]:
        """The head of the line and its history, side by side where the hint says what the head will be."""
        if hint is None:
            work = self._store.work(tenant_id, conversation_id, hint=None)
            return work, self._history(work) if work.turn else []
        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(
                self._store.history, tenant_id, conversation_id, below=hint, limit=self._timing.history_max
            )
            work = self._store.work(tenant_id, conversation_id, hint=hint)
            history = reading.result()
        if work.conversation and work.turn:
            expected = work.turn.number == hint and is_complete(history, work.conversation, below=hint)
            history = history if expected else self._history(work)
        return work, history

    def _history(self, work: Work) -> list[Message]:
        if work.conversation is None or work.turn is None:
            return []
        where = work.conversation
        return self._store.history(where.tenant_id, where.id, below=work.turn.number, limit=self._timing.history_max)

    def _has_time(self, deadline: float) -> bool:
        return deadline - self._clock.monotonic() >= self._needs_seconds

    def _claim(self, work: Work, owner: str) -> Claim | None:
        """None when another was first; what there is to do must be read again then."""
        now = self._clock.now()
        terms = LeaseTerms(owner=owner, until=now + self._timing.lease_ms, now=now)
        token = self._ids.random()
        until = self._clock.monotonic() + _CLAIM_PATIENCE
        try:
            return persist(
                lambda: self._store.claim(work, terms, token=token),
                clock=self._clock,
                give_up=lambda: self._clock.monotonic() >= until,
            )
        except StaleError:
            Pauses(self._clock).pause()
            return None

    def _run(self, claim: Claim, history: Sequence[Message], deadline: float) -> End:
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
            deadline=deadline - _CLOSE_LIMIT,
            goes_on=lambda: self._has_time(deadline - 2 * _CLOSE_LIMIT),
        )
        broadcast = self._audience.open(claim, attempt.log)
        try:
            end = attempt.run(broadcast.heard_by)
            if not isinstance(end, Abandoned):
                self._tell_late_listeners(claim, broadcast.heard_by)
            return end
        finally:
            broadcast.close(timeout_seconds=_CLOSE_LIMIT)

    def _tell_late_listeners(self, claim: Claim, heard_by: Callable[..., None]) -> None:
        """Who asked to listen since the last look is told the end: from now on they are refused and read it."""
        turn = self._store.turn(claim.conversation.tenant_id, claim.conversation.id, claim.turn.number)
        if turn is not None:
            heard_by(turn)
