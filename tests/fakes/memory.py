"""The conversation and turn stores in memory: what the port says, word for word, under one lock.

No emulation of DynamoDB; arguments that only it needs stay unused. The contract tests run on these and on the real
ones, so the two cannot drift apart.
"""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from parlance import ids
from parlance.clock import day_of
from parlance.conversations.model import (
    Claim,
    Conversation,
    Lease,
    Listener,
    Message,
    News,
    TokenBatch,
    Turn,
    TurnState,
    Usage,
)
from parlance.conversations.port import (
    BeginView,
    Begun,
    Failed,
    KeyUsedError,
    LeaseLostError,
    LeaseTerms,
    NewMessage,
    NewTurn,
    Outcome,
    Replied,
    RequestKey,
    StaleError,
    UsedKey,
    User,
    UserChats,
    Work,
)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An idempotency key and what it was used for."""

    key: RequestKey
    result: str

    def used(self, now: int) -> UsedKey | None:
        return None if self.key.expires_at < now else UsedKey(self.key.body_hash, self.result)


@dataclass(slots=True)
class _User:
    """A user; `chats` holds the id of chat number n at n - 1, None once it is deleted."""

    created_at: int
    chats: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class _Stored:
    """A conversation with all that belongs to it."""

    conversation: Conversation
    deleted: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    turns: dict[int, Turn] = field(default_factory=dict)
    tokens: dict[tuple[int, int, int], TokenBatch] = field(default_factory=dict)
    keys: dict[str, _Remembered] = field(default_factory=dict)
    news: dict[int, News] = field(default_factory=dict)


class MemoryTables:
    """What both stores of a test share."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.conversations: dict[tuple[str, str], _Stored] = {}
        self.users: dict[tuple[str, str], _User] = {}
        self.requests: dict[tuple[str, str], _Remembered] = {}
        self._answers: dict[str, object] = {}

    def once[Answer](self, token: str, action: Callable[[], Answer]) -> Answer:
        """Act, unless it was done under this token before: then give the same answer. A refusal is not kept."""
        with self.lock:
            if token not in self._answers:
                self._answers[token] = action()
            return cast("Answer", self._answers[token])

    def stored(self, tenant_id: str, conversation_id: str) -> _Stored | None:
        """A conversation, deleted or not."""
        return self.conversations.get((tenant_id, conversation_id))

    def live(self, tenant_id: str, conversation_id: str) -> _Stored | None:
        stored = self.stored(tenant_id, conversation_id)
        return None if stored is None or stored.deleted else stored

    def user(self, tenant_id: str, user_id: str) -> User | None:
        user = self.users.get((tenant_id, user_id))
        if user is None:
            return None
        gone = frozenset(number for number, chat in enumerate(user.chats, start=1) if chat is None)
        return User(tenant_id, user_id, user.created_at, last_chat=len(user.chats), deleted_chats=gone)

    def add(self, conversation: Conversation) -> _Stored:
        """Store a new conversation as the next chat of its user."""
        user = self.users.setdefault(
            (conversation.tenant_id, conversation.user_id), _User(created_at=conversation.created_at)
        )
        user.chats.append(conversation.id)
        numbered = replace(
            conversation, user_chat_number=len(user.chats), metadata=copy.deepcopy(conversation.metadata)
        )
        stored = _Stored(numbered)
        self.conversations[conversation.tenant_id, conversation.id] = stored
        return stored


class MemoryConversationStore:
    """`parlance.conversations.port.ConversationStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def create(self, conversation: Conversation, *, key: RequestKey | None, token: str) -> Conversation:
        def add() -> Conversation:
            remembered = self._tables.requests.get((conversation.tenant_id, key.key_hash)) if key else None
            used = remembered.used(conversation.created_at) if remembered else None
            if used:
                raise KeyUsedError(used)
            if self._tables.stored(conversation.tenant_id, conversation.id):
                raise StaleError(None)
            if key:
                self._tables.requests[conversation.tenant_id, key.key_hash] = _Remembered(key, conversation.id)
            return self._tables.add(replace(conversation, request_key=key.key_hash if key else None)).conversation

        return self._tables.once(token, add)

    def get(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        with self._tables.lock:
            stored = self._tables.live(tenant_id, conversation_id)
            return stored.conversation if stored else None

    def user_chats(
        self, tenant_id: str, user_id: str, *, offset: int, limit: int, order: Literal["asc", "desc"]
    ) -> UserChats:
        with self._tables.lock:
            user = self._tables.users.get((tenant_id, user_id))
            chats = [chat for chat in user.chats if chat is not None] if user else []
            if order == "desc":
                chats.reverse()
            page = [self._tables.conversations[tenant_id, chat] for chat in chats[offset : offset + limit]]
            return UserChats([stored.conversation for stored in page], len(chats))

    def messages(
        self, tenant_id: str, conversation_id: str, *, first: int, last: int, order: Literal["asc", "desc"]
    ) -> list[Message]:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            messages = stored.messages if stored else {}
            numbers = sorted((number for number in messages if first <= number <= last), reverse=order == "desc")
            return [messages[number] for number in numbers]

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            return stored.messages.get(number) if stored else None

    def append(self, conversation: Conversation, new: NewMessage, *, token: str) -> Message:
        def add() -> Message:
            stored = self._tables.live(conversation.tenant_id, conversation.id)
            current = stored.conversation if stored else None
            if stored is None or current is None or current.last_number != conversation.last_number:
                raise StaleError(current)
            number = current.last_number + 1
            message = Message(
                id=ids.message_id(new.random, number),
                number=number,
                role=new.role,
                content=new.content,
                created_at=new.now,
                metadata=copy.deepcopy(new.metadata),
                profile=copy.deepcopy(new.profile),
            )
            stored.messages[number] = message
            stored.conversation = replace(
                current,
                last_number=number,
                updated_at=new.now,
                last_message_at=new.now,
                message_count=current.message_count + 1,
                settled=current.settled if conversation.has_work else number,
            )
            return message

        return self._tables.once(token, add)

    def change_message(self, tenant_id: str, conversation_id: str, message: Message) -> bool:
        with self._tables.lock:
            before = self.message(tenant_id, conversation_id, message.number)
            if before is None or before.id != message.id:
                return False
            stored = self._tables.conversations[tenant_id, conversation_id]
            stored.messages[message.number] = replace(message, turn_id=before.turn_id, failed=before.failed)
            return True

    def remove_message(self, tenant_id: str, conversation_id: str, message: Message, *, token: str) -> bool:
        def remove() -> bool:
            stored = self._tables.live(tenant_id, conversation_id)
            held = stored.messages.get(message.number) if stored else None
            if stored is None or held is None or held.id != message.id:
                return False
            del stored.messages[message.number]
            count = stored.conversation.message_count - 1
            stored.conversation = replace(stored.conversation, message_count=count)
            return True

        return self._tables.once(token, remove)

    def mark_deleted(self, tenant_id: str, conversation_id: str, *, now: int, token: str) -> Conversation | None:
        def mark() -> Conversation | None:
            stored = self._tables.live(tenant_id, conversation_id)
            if stored is None:
                return None
            stored.deleted = True
            number = stored.conversation.user_chat_number
            self._tables.users[tenant_id, stored.conversation.user_id].chats[number - 1] = None
            return stored.conversation

        return self._tables.once(token, mark)

    def deleted(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            return stored.conversation if stored and stored.deleted else None

    def sweep(self, tenant_id: str, conversation_id: str, *, limit: int) -> bool:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            if stored is None:
                return True
            kinds: list[dict[Any, Any]] = [stored.messages, stored.turns, stored.tokens, stored.keys, stored.news]
            doomed = [(kind, key) for kind in kinds for key in kind][:limit]
            for kind, key in doomed:
                del kind[key]
            return not any(kinds)

    def forget(self, conversation: Conversation) -> None:
        with self._tables.lock:
            self._tables.conversations.pop((conversation.tenant_id, conversation.id), None)
            if conversation.request_key:
                request = (conversation.tenant_id, conversation.request_key)
                remembered = self._tables.requests.get(request)
                if remembered and remembered.result == conversation.id:
                    del self._tables.requests[request]


class MemoryTurnStore:
    """`parlance.conversations.port.TurnStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def begin_view(
        self, tenant_id: str, conversation_id: str, *, key_hash: str | None, user_id: str | None = None, now: int
    ) -> BeginView:
        with self._tables.lock:
            stored = self._tables.live(tenant_id, conversation_id)
            remembered = stored.keys.get(key_hash) if stored and key_hash else None
            return BeginView(
                conversation=stored.conversation if stored else None,
                used_key=remembered.used(now) if remembered else None,
                user=self._tables.user(tenant_id, user_id) if user_id is not None else None,
            )

    def begin(self, new: NewTurn, view: BeginView, *, terms: LeaseTerms | None, token: str) -> Begun:
        return self._tables.once(token, lambda: self._begin(new, view, terms))

    def _begin(self, new: NewTurn, view: BeginView, terms: LeaseTerms | None) -> Begun:
        stored = self._tables.stored(new.tenant_id, new.conversation_id)
        remembered = stored.keys.get(new.key.key_hash) if stored and new.key else None
        used = remembered.used(new.now) if remembered else None
        if used:
            raise KeyUsedError(used)
        stored = self._as_viewed(new, view, terms) or self._create(new, view)
        turn, message = _new_turn(new, stored.conversation, claimed=terms is not None)
        before = stored.conversation
        stored.conversation = replace(
            before,
            last_number=turn.reply_number,
            last_turn=turn.number,
            updated_at=new.now,
            last_message_at=new.now,
            message_count=before.message_count + (0 if new.answers else 1),
            lease=Lease(terms.owner, terms.until, turn.number) if terms else before.lease,
        )
        stored.turns[turn.number] = turn
        stored.messages[message.number] = message
        if new.key:
            stored.keys[new.key.key_hash] = _Remembered(new.key, str(turn.number))
        lease = stored.conversation.lease
        return Begun(turn, message, Claim(lease, stored.conversation, turn, message) if terms and lease else None)

    def _as_viewed(self, new: NewTurn, view: BeginView, terms: LeaseTerms | None) -> _Stored | None:
        """The conversation, if it still is as in the view; None if it shall be created and is not there yet."""
        stored = self._tables.live(new.tenant_id, new.conversation_id)
        current = stored.conversation if stored else None
        if view.conversation is None:
            if new.creates is None or self._tables.stored(new.tenant_id, new.conversation_id):
                raise StaleError(current)
            return None
        if current is None or current.last_number != view.conversation.last_number:
            raise StaleError(current)
        recounted = current.ended_attempts != view.conversation.ended_attempts
        if terms and (current.has_work or current.lease_held(terms.now) or recounted):
            raise StaleError(current)
        return stored

    def _create(self, new: NewTurn, view: BeginView) -> _Stored:
        if new.creates is None:
            raise StaleError(None)
        user = self._tables.user(new.tenant_id, new.creates.user_id)
        if (user.last_chat if user else None) != (view.user.last_chat if view.user else None):
            raise StaleError(None)
        return self._tables.add(new.creates)

    def turn(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            return stored.turns.get(number) if stored else None

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            return stored.messages.get(number) if stored else None

    def history(self, tenant_id: str, conversation_id: str, *, below: int, limit: int) -> list[Message]:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            messages = stored.messages if stored else {}
            newest = sorted(number for number in messages if number < below)[-limit:]
            return [messages[number] for number in newest if not messages[number].failed]

    def work(self, tenant_id: str, conversation_id: str, *, hint: int | None) -> Work:
        with self._tables.lock:
            stored = self._tables.live(tenant_id, conversation_id)
            line = _line(stored, stored.conversation) if stored else []
            if stored is None or not line:
                return Work(stored.conversation if stored else None, None, None)
            return Work(stored.conversation, line[0], stored.messages[line[0].number])

    def pending(self, conversation: Conversation, *, limit: int) -> list[Turn]:
        with self._tables.lock:
            stored = self._tables.stored(conversation.tenant_id, conversation.id)
            line = _line(stored, conversation) if stored else []
            return [turn for turn in line if not turn.state.ended][:limit]

    def claim(self, work: Work, terms: LeaseTerms, *, token: str) -> Claim:
        return self._tables.once(token, lambda: self._claim(work, terms))

    def _claim(self, work: Work, terms: LeaseTerms) -> Claim:
        read, turn, message = work.conversation, work.turn, work.message
        if read is None or turn is None or message is None:
            raise ValueError("a claim needs a turn to run")
        stored = self._tables.live(read.tenant_id, read.id)
        if stored is None:
            raise StaleError(None)
        current = stored.conversation
        foreign = current.lease is not None and current.lease.owner != terms.owner and current.lease_held(terms.now)
        recounted = current.ended_attempts != read.ended_attempts
        moved_on = current.drained != read.drained or foreign or recounted
        stands = stored.turns[turn.number]
        overtaken = stands.state.ended or stands.attempt != turn.attempt
        out_of_line = turn.number <= current.drained and current.retries[:1] != (turn.number,)
        if moved_on or overtaken or out_of_line:
            raise StaleError(current)
        lease = Lease(terms.owner, terms.until, turn.number)
        stored.conversation = replace(current, lease=lease)
        stored.turns[turn.number] = _started(stands)
        # What the caller read, not what stands there now: a write in between is seen at the next look.
        return Claim(lease, replace(read, lease=lease), _started(turn), message)

    def renew(self, claim: Claim, *, until: int, token: str) -> bool:
        with self._tables.lock:
            stored = self._leased(claim)
            if self.look(claim).stop_requested:
                return False
            stored.conversation = replace(stored.conversation, lease=replace(claim.lease, until=until))
            return True

    def look(self, claim: Claim) -> Turn:
        with self._tables.lock:
            stored = self._tables.stored(claim.conversation.tenant_id, claim.conversation.id)
            turn = stored.turns.get(claim.turn.number) if stored else None
            if turn is None or turn.state is not TurnState.GENERATING or turn.attempt != claim.turn.attempt:
                raise LeaseLostError
            return turn

    def put_tokens(self, claim: Claim, batch: TokenBatch, *, expires_at: int) -> None:
        with self._tables.lock:
            stored = self._tables.stored(claim.conversation.tenant_id, claim.conversation.id)
            if stored:
                stored.tokens[claim.turn.number, claim.turn.attempt, batch.first_index] = batch

    def tokens(self, tenant_id: str, conversation_id: str, turn: Turn, *, after_index: int) -> list[TokenBatch]:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            batches = sorted(stored.tokens.items()) if stored else []
            return [
                batch
                for (number, attempt, first_index), batch in batches
                if (number, attempt) == (turn.number, turn.attempt)
                and first_index + len(batch.tokens) - 1 > after_index
            ]

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        now: int,
        token: str,
        keep_until: int | None = None,
        usage: Usage | None = None,
        announced: bool = False,
    ) -> None:
        used = usage or Usage(attempt=claim.turn.attempt)
        self._tables.once(token, lambda: self._finish(claim, outcome, now, keep_until, used, announced))

    def _finish(
        self, claim: Claim, outcome: Outcome, now: int, keep_until: int | None, usage: Usage, announced: bool
    ) -> None:
        stored = self._leased(claim)
        number = claim.turn.number
        turn = stored.turns[number]
        if turn.attempt != claim.turn.attempt:
            raise LeaseLostError
        kept = replace(claim.lease, until=keep_until) if keep_until is not None else None
        before = replace(stored.conversation, lease=kept, updated_at=now).having_used(usage, day=day_of(now))
        if claim.is_retry:
            before = replace(before, retries=tuple(waiting for waiting in before.retries if waiting != number))
        else:
            before = replace(before, drained=number)
        match outcome:
            case Replied(reply, stopped, calls):
                state, failure = (TurnState.STOPPED if stopped else TurnState.DONE), None
                stored.messages[reply.number] = replace(reply, metadata=copy.deepcopy(reply.metadata))
                stored.conversation = replace(
                    before,
                    last_message_at=now,
                    message_count=before.message_count + 1,
                    settled=max(claim.conversation.settled, turn.reply_number),
                    tokens_used=before.tokens_used + reply.metadata.get("tokens_used", 0),
                    failed_turn=0 if before.failed_turn == number else before.failed_turn,
                )
            case Failed(failure, calls):
                state = TurnState.FAILED
                stored.conversation = replace(before, failed_turn=max(before.failed_turn, number))
        stored.turns[number] = replace(
            turn, state=state, failure=failure, ended_at=now, calls=copy.deepcopy(tuple(calls)), usage=usage
        )
        if announced:
            sequence = stored.conversation.ended_attempts
            stored.news[sequence] = News(
                sequence, turn.id, turn.attempt, state, turn.message_id, turn.reply_id, now, failure, usage
            )
        stored.messages[number] = replace(stored.messages[number], failed=state is TurnState.FAILED)

    def news(self, tenant_id: str, conversation_id: str) -> list[News]:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            return [stored.news[sequence] for sequence in sorted(stored.news)] if stored else []

    def forget_news(self, tenant_id: str, conversation_id: str, sequence: int) -> None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            if stored:
                stored.news.pop(sequence, None)

    def request_stop(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None:
        return self._change_live(tenant_id, conversation_id, number, lambda turn: replace(turn, stop_requested=True))

    def listen(
        self, tenant_id: str, conversation_id: str, number: int, *, connection_id: str, listener: Listener
    ) -> Turn | None:
        def listened(turn: Turn) -> Turn:
            return replace(turn, listeners={**turn.listeners, connection_id: listener})

        return self._change_live(tenant_id, conversation_id, number, listened)

    def retry(self, tenant_id: str, conversation_id: str, turn: Turn, *, token: str) -> None:
        self._tables.once(token, lambda: self._retry(tenant_id, conversation_id, turn.number))

    def _retry(self, tenant_id: str, conversation_id: str, number: int) -> None:
        stored = self._tables.live(tenant_id, conversation_id)
        if stored is None:
            raise StaleError(None)
        turn = stored.turns.get(number)
        if turn is None or turn.state is not TurnState.FAILED:
            raise StaleError(stored.conversation)
        stored.conversation = replace(stored.conversation, retries=(*stored.conversation.retries, number))
        stored.turns[number] = replace(
            turn, state=TurnState.RECEIVED, failure=None, stop_requested=False, ended_at=None, tried=turn.attempt
        )

    def _leased(self, claim: Claim) -> _Stored:
        stored = self._tables.live(claim.conversation.tenant_id, claim.conversation.id)
        lease = stored.conversation.lease if stored else None
        if stored is None or lease is None or lease.owner != claim.lease.owner:
            raise LeaseLostError
        return stored

    def _change_live(
        self, tenant_id: str, conversation_id: str, number: int, change: Callable[[Turn], Turn]
    ) -> Turn | None:
        with self._tables.lock:
            stored = self._tables.stored(tenant_id, conversation_id)
            turn = stored.turns.get(number) if stored else None
            if stored is None or turn is None:
                return None
            if not turn.state.ended:
                turn = stored.turns[number] = change(turn)
            return turn


def _new_turn(new: NewTurn, before: Conversation, *, claimed: bool) -> tuple[Turn, Message]:
    number = new.answers.number if new.answers else before.last_number + 1
    turn = Turn(
        id=ids.turn_id(new.turn_random, number),
        number=number,
        message_id=new.answers.id if new.answers else ids.message_id(new.message_random, number),
        reply_id=ids.message_id(new.reply_random, number + 1),
        state=TurnState.GENERATING if claimed else TurnState.RECEIVED,
        created_at=new.now,
        attempt=1 if claimed else 0,
        body_hash=new.key.body_hash if new.key else "",
        listeners=dict(new.listeners),
        previous=before.last_turn,
        context=copy.deepcopy(new.context),
    )
    if new.answers:
        return turn, replace(new.answers, turn_id=turn.id)
    message = Message(
        id=turn.message_id,
        number=number,
        role="user",
        content=new.content,
        created_at=new.now,
        turn_id=turn.id,
        metadata=copy.deepcopy(new.metadata),
        profile=copy.deepcopy(new.profile),
    )
    return turn, message


def _started(turn: Turn) -> Turn:
    return replace(turn, state=TurnState.GENERATING, attempt=turn.attempt + 1)


def _line(stored: _Stored, conversation: Conversation) -> list[Turn]:
    """The turns in the order in which they will run: new ones first, then those that wait for another attempt."""
    fresh = sorted(number for number in stored.turns if number > conversation.drained)
    waiting = [number for number in conversation.retries if number in stored.turns]
    return [stored.turns[number] for number in (*fresh, *waiting)]
