"""The turn engine: one turn is a user message and its reply, whatever dialect it came in.

            +------------ retry (attempt + 1) ------------+
            v                                             |
    received --> generating --> done                      |
        |            |  +-----> stopped   (asked for; the model call itself ends)
        +-> stopped  +--------> failed -------------------+

Begin moves a message into `received` and gives it its place in line. A claim takes the conversation's lease and moves
the turn at the head of the line to `generating`, one attempt on. A finish moves it to its end and gives the lease
back. Only the holder of the lease claims and finishes, and only the newest attempt is kept: whoever is late, doubled
or cut off changes nothing. The queue is a wake-up; the conversation's own counters say what there is to do.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from parlance.agents.context import TurnContext
from parlance.clock import Clock
from parlance.conversations.collaborators import Wakeups
from parlance.conversations.log import End, Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.model import Claim, Conversation, Failure, Listener, Message, Turn, TurnState
from parlance.conversations.port import (
    BeginView,
    KeyUsedError,
    LeaseTerms,
    NewTurn,
    RequestKey,
    StaleError,
    TurnStore,
    UsedKey,
)
from parlance.conversations.retrying import persist
from parlance.conversations.timing import Timing
from parlance.errors import ConflictError, NotFoundError, UnavailableError
from parlance.ids import IdSource, number_of
from parlance.pauses import Pauses
from parlance.storage.table import ContendedError, UnansweredError

_FOLLOW_EVERY = 0.3


@dataclass(frozen=True, slots=True)
class BeginTurn:
    """A user's message. `idempotency_key` makes sending it again harmless; `connection_id` listens to the reply.

    `creates` is the conversation to create with its first message, for dialects whose sessions have no creation call.
    `answers` is a message that was stored before and is answered now.
    `context` is what the agent should know of this turn.
    """

    tenant_id: str
    conversation_id: str
    content: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    connection_id: str | None = None
    creates: Conversation | None = None
    answers: Message | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    context: TurnContext = field(default_factory=TurnContext)


@dataclass(frozen=True, slots=True)
class BegunTurn:
    """The turn of a message. `repeated` when the message had been sent before, under the same key.

    `claim` when the caller asked to run the turn and may. `queued` when others stood before it in line.
    """

    turn: Turn
    message: Message
    repeated: bool
    claim: Claim | None = None
    queued: bool = False


def request_key(key: str, body: Mapping[str, Any], *, now: int, kept_seconds: float) -> RequestKey:
    """An idempotency key as it is stored: neither the key nor the body can be read back from it."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return RequestKey(
        key_hash=hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest(),
        body_hash=hashlib.sha256(canonical.encode()).hexdigest(),
        expires_at=now + int(kept_seconds * 1000),
    )


class TurnEngine:
    """Begins, stops and follows turns. Running them is the worker's part, or a caller's that waits for the reply."""

    def __init__(
        self, store: TurnStore, wakeups: Wakeups, *, clock: Clock, ids: IdSource, timing: Timing | None = None
    ) -> None:
        self._store = store
        self._wakeups = wakeups
        self._clock = clock
        self._ids = ids
        self._timing = timing or Timing()

    def begin(self, command: BeginTurn, *, lease_owner: str | None = None) -> BegunTurn:
        """Give the message its place in line. The caller tells its user, then calls `wake`.

        With `lease_owner` the conversation's lease is taken along, if it is idle: for a caller that runs the turn.
        Raises NotFoundError("chat"), ConflictError for a key that came with another body, UnavailableError.
        """
        new = self._new_turn(command)
        with ThreadPoolExecutor(1) as beside:
            watching = beside.submit(self._wakeups.watch, command.tenant_id, command.conversation_id, sent_at=new.now)
            view = self._view(new)
            watching.result()
        return self._place(new, view, lease_owner)

    def wake(self, command: BeginTurn, begun: BegunTurn) -> None:
        """Have a worker run the turn, unless it has ended.

        Only a turn at the head of the line is named: a worker reads what it needs for the one that is named at once.
        """
        if not begun.turn.state.ended:
            named = None if begun.queued else begun.turn.number
            self._wakeups.wake(command.tenant_id, command.conversation_id, turn_number=named)

    def turn(self, tenant_id: str, conversation_id: str, turn_id: str) -> Turn:
        """Raises NotFoundError("turn")."""
        number = number_of(turn_id)
        found = self._store.turn(tenant_id, conversation_id, number) if number else None
        if found is None or found.id != turn_id:
            raise NotFoundError("turn")
        return found

    def newest_turn(self, conversation: Conversation) -> Turn | None:
        """The turn begun last; None before the first."""
        if conversation.last_turn == 0:
            return None
        return self._store.turn(conversation.tenant_id, conversation.id, conversation.last_turn)

    def turn_of_reply(self, tenant_id: str, conversation_id: str, reply_id: str) -> Turn:
        """The turn whose reply has, or will have, that id. Raises NotFoundError("message")."""
        number = number_of(reply_id)
        found = self._store.turn(tenant_id, conversation_id, number - 1) if number else None
        if found is None or found.reply_id != reply_id:
            raise NotFoundError("message")
        return found

    def stop(self, tenant_id: str, conversation_id: str, turn: Turn) -> Turn:
        """Ask a turn to end with what it has. One that has ended stays as it is."""
        stopped = self._store.request_stop(tenant_id, conversation_id, turn.number)
        if stopped is None:
            raise NotFoundError("turn")
        if not stopped.state.ended:
            # Its holder may be gone: then the worker that this wakes ends it.
            self._wakeups.wake(tenant_id, conversation_id, turn_number=turn.number)
        return stopped

    def listen(self, tenant_id: str, conversation_id: str, turn: Turn, connection_id: str, after: Listener) -> Turn:
        """Have the turn's tokens told to a connection, by its holder or by the next one. An ended turn is returned."""
        heard = self._store.listen(tenant_id, conversation_id, turn.number, connection_id=connection_id, listener=after)
        if heard is None:
            raise NotFoundError("turn")
        if not heard.state.ended:
            self._wakeups.wake(tenant_id, conversation_id, turn_number=turn.number)
        return heard

    def reply(self, tenant_id: str, conversation_id: str, turn: Turn) -> Message | None:
        """The stored reply of a turn that is done or stopped."""
        return self._store.message(tenant_id, conversation_id, turn.reply_number)

    def follow(self, tenant_id: str, conversation_id: str, turn: Turn, *, after_index: int = -1) -> Iterator[TurnEvent]:
        """The events of a turn that somebody else runs, from the stored batches, to its end.

        Wakes a worker again whenever nothing has moved for as long as a lease lasts. Ends without an end event when
        the conversation is deleted meanwhile.
        """
        attempt, index = (turn.attempt, after_index) if after_index >= 0 else (0, -1)
        moved_at = self._clock.monotonic()
        while True:
            now = self._store.turn(tenant_id, conversation_id, turn.number)
            if now is None:
                return
            if now.attempt != attempt:
                attempt, index, moved_at = now.attempt, -1, self._clock.monotonic()
                yield Started(now)
            for token in self._stored_tokens(tenant_id, conversation_id, now, index):
                index, moved_at = token.index, self._clock.monotonic()
                yield token
            if now.state.ended:
                yield from self._remainder(tenant_id, conversation_id, now)
                return
            if self._clock.monotonic() - moved_at > self._timing.lease:
                moved_at = self._clock.monotonic()
                self._wakeups.wake(tenant_id, conversation_id, turn_number=turn.number)
            self._clock.sleep(_FOLLOW_EVERY)

    def _place(self, new: NewTurn, view: BeginView, lease_owner: str | None) -> BegunTurn:
        """Begin on what `view` shows, again until it holds, as others may be sending too. A used key wins over all."""
        until = self._clock.monotonic() + self._timing.begin_limit
        pauses = Pauses(self._clock)
        while self._clock.monotonic() < until:
            if view.used_key:
                return self._repeated(new, view.used_key)
            if view.conversation is None and new.creates is None:
                raise NotFoundError("chat")
            if new.answers and view.conversation and view.conversation.last_number != new.answers.number:
                raise ConflictError("The conversation has gone on meanwhile.")
            queued = self._is_busy(view.conversation)
            terms = None if queued else self._terms(lease_owner)
            try:
                begun = persist(
                    partial(self._store.begin, new, view, terms=terms, token=self._ids.random()),
                    clock=self._clock,
                    give_up=lambda: self._clock.monotonic() >= until,
                )
                return BegunTurn(begun.turn, begun.message, repeated=False, claim=begun.claim, queued=queued)
            except KeyUsedError as error:
                return self._repeated(new, error.used)
            except (ContendedError, UnansweredError):
                break
            except StaleError as error:
                view = self._fresh(new, view, error.conversation)
            pauses.pause()
        raise UnavailableError("The conversation is busy. Send the message again.")

    def _fresh(self, new: NewTurn, view: BeginView, conversation: Conversation | None) -> BeginView:
        """The refusal itself says how the conversation stands; only a creation has more to read again."""
        if view.conversation is None:
            return self._view(new)
        return replace(view, conversation=conversation)

    def _is_busy(self, conversation: Conversation | None) -> bool:
        return conversation is not None and (conversation.has_work or conversation.lease_held(self._clock.now()))

    def _terms(self, owner: str | None) -> LeaseTerms | None:
        now = self._clock.now()
        return LeaseTerms(owner, now + self._timing.lease_ms, now) if owner is not None else None

    def _new_turn(self, command: BeginTurn) -> NewTurn:
        now = self._clock.now()
        body: dict[str, Any] = {"content": command.content, "metadata": command.metadata}
        context = command.context.stored()
        if context:
            body["context"] = context
        key = command.idempotency_key
        listener = Listener(after_index=-1, attempt=None, nonce=self._ids.random())
        return NewTurn(
            tenant_id=command.tenant_id,
            conversation_id=command.conversation_id,
            content=command.content,
            now=now,
            turn_random=self._ids.random(),
            message_random=self._ids.random(),
            reply_random=self._ids.random(),
            metadata=command.metadata,
            key=request_key(key, body, now=now, kept_seconds=self._timing.key_kept) if key else None,
            listeners={command.connection_id: listener} if command.connection_id else {},
            creates=command.creates,
            answers=command.answers,
            profile=command.profile,
            context=context,
        )

    def _view(self, new: NewTurn) -> BeginView:
        return self._store.begin_view(
            new.tenant_id,
            new.conversation_id,
            key_hash=new.key.key_hash if new.key else None,
            user_id=new.creates.user_id if new.creates else None,
            now=new.now,
        )

    def _repeated(self, new: NewTurn, used: UsedKey) -> BegunTurn:
        if new.key is None or used.body_hash != new.key.body_hash:
            raise ConflictError("This idempotency key was used for another message.")
        turn = self._store.turn(new.tenant_id, new.conversation_id, int(used.result))
        message = self._store.message(new.tenant_id, new.conversation_id, int(used.result))
        if turn is None or message is None:
            raise NotFoundError("chat")
        if turn.state is TurnState.FAILED:
            turn = self._retried(new.tenant_id, new.conversation_id, turn)
        return BegunTurn(turn, message, repeated=True)

    def _retried(self, tenant_id: str, conversation_id: str, turn: Turn) -> Turn:
        token = self._ids.random()
        until = self._clock.monotonic() + self._timing.begin_limit
        try:
            persist(
                lambda: self._store.retry(tenant_id, conversation_id, turn, token=token),
                clock=self._clock,
                give_up=lambda: self._clock.monotonic() >= until,
            )
        except StaleError:
            # Another repeat was first, or the conversation is gone.
            pass
        except (ContendedError, UnansweredError) as error:
            raise UnavailableError("The conversation is busy. Send the message again.") from error
        now = self._store.turn(tenant_id, conversation_id, turn.number)
        if now is None:
            raise NotFoundError("chat")
        return now

    def _stored_tokens(self, tenant_id: str, conversation_id: str, turn: Turn, index: int) -> Iterator[Token]:
        for batch in self._store.tokens(tenant_id, conversation_id, turn, after_index=index):
            for place, text in enumerate(batch.tokens):
                if batch.first_index + place > index:
                    yield Token(batch.first_index + place, text)

    def _remainder(self, tenant_id: str, conversation_id: str, turn: Turn) -> Iterator[End]:
        if turn.state is TurnState.FAILED:
            failure = turn.failure or Failure("AGENT_ERROR", "The agent could not answer.")
            yield TurnFailed(turn, failure)
            return
        reply = self.reply(tenant_id, conversation_id, turn)
        if reply is not None:
            yield Ended(turn, reply, turn.state is TurnState.STOPPED)
