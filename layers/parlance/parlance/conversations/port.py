"""What the core needs from storage. One contract suite runs on every implementation.

All reads are consistent. Methods that take a `token` do nothing twice when they are called again with it, which is
how a caller retries after UnansweredError. Any method may raise ContendedError (nothing was written; try again after
a pause) or UnansweredError (it may have been).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from parlance.conversations.model import (
    Claim,
    Conversation,
    Failure,
    Listener,
    Message,
    News,
    Role,
    TokenBatch,
    Turn,
    Usage,
)


class StaleError(Exception):
    """The conversation has moved on since it was read; `conversation` is how it stands now, None if it is gone."""

    def __init__(self, conversation: Conversation | None) -> None:
        super().__init__("the conversation has moved on")
        self.conversation = conversation


class LeaseLostError(Exception):
    """The lease is no longer the caller's, or the conversation is gone: whatever it still holds must not be kept."""


class KeyUsedError(Exception):
    """The idempotency key was used before; `used` says for what."""

    def __init__(self, used: "UsedKey") -> None:
        super().__init__("idempotency key used before")
        self.used = used


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An idempotency key as stored: hashes of the key and of the body it came with, valid until `expires_at` (ms)."""

    key_hash: str
    body_hash: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class UsedKey:
    """What an idempotency key was used for: the number of the turn it began, or the id of what it created."""

    body_hash: str
    result: str


@dataclass(frozen=True, slots=True)
class User:
    """One user of a tenant and the numbering of their chats, which counts up from 1 in the order of creation.

    `deleted_chats` are the numbers above `chats_floor` whose chats are gone; all up to `chats_floor` are gone.
    """

    tenant_id: str
    id: str
    created_at: int
    last_chat: int = 0
    chats_floor: int = 0
    deleted_chats: frozenset[int] = frozenset()

    @property
    def chat_count(self) -> int:
        return self.last_chat - self.chats_floor - len(self.deleted_chats)


@dataclass(frozen=True, slots=True)
class UserChats:
    """One page of a user's chats and how many there are in all."""

    chats: Sequence[Conversation]
    total: int


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A message to begin a turn with. The `…_random` parts make the ids, which end in the numbers given at begin.

    `creates` is the conversation to create when there is none under its id yet (the first message of a session).
    `answers` is a message that is there already, the newest one: it is given a turn, and no other is stored.
    `context` goes with the turn to whoever runs it.
    """

    tenant_id: str
    conversation_id: str
    content: str
    now: int
    turn_random: str
    message_random: str
    reply_random: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key: RequestKey | None = None
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    creates: Conversation | None = None
    answers: Message | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that begins no turn. `random` makes its id, which ends in the number that it is given."""

    role: Role
    content: str
    now: int
    random: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BeginView:
    """What begin decides on: the conversation (None: there is none), an earlier use of the key, the user if asked.

    `retention_days` is the tenant's, for a conversation that begin creates.
    """

    conversation: Conversation | None
    used_key: UsedKey | None
    user: User | None = None
    retention_days: int | None = None


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """A new owner's id and until when (ms) the lease shall run; `now` decides whether another is still held."""

    owner: str
    until: int
    now: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that exists. `claim` is set when the caller asked for the lease at once and the conversation was idle."""

    turn: Turn
    message: Message
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """The turn at the head of the line, if any, with the message that it answers."""

    conversation: Conversation | None
    turn: Turn | None
    message: Message | None


@dataclass(frozen=True, slots=True)
class Replied:
    """A turn ended with this reply; `stopped` when a stop cut it short. `calls` are the tools it called."""

    reply: Message
    stopped: bool
    calls: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A turn ended without a reply. `calls` are the tools it had called."""

    failure: Failure
    calls: Sequence[Mapping[str, Any]] = ()


type Outcome = Replied | Failed


class ConversationStore(Protocol):
    """Conversations as things: created, read, listed, deleted."""

    def create(self, conversation: Conversation, *, key: RequestKey | None, token: str) -> Conversation:
        """Store a new conversation, its user if new, and its place among the user's chats.

        Returns it with its `user_chat_number`. Raises KeyUsedError, or StaleError(None) when the user's count moved.
        """
        ...

    def get(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        """None if there is none, or it was deleted."""
        ...

    def user_chats(
        self, tenant_id: str, user_id: str, *, offset: int, limit: int, order: Literal["asc", "desc"]
    ) -> UserChats:
        """The user's chats by time of creation. Costs the same at every offset."""
        ...

    def messages(
        self, tenant_id: str, conversation_id: str, *, first: int, last: int, order: Literal["asc", "desc"]
    ) -> list[Message]:
        """The messages whose numbers lie in [first, last]; numbers without a message are passed over."""
        ...

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None: ...

    def append(self, conversation: Conversation, new: NewMessage, *, token: str) -> Message:
        """Store a message under the next number. Raises StaleError when the conversation is not as it was read."""
        ...

    def change_message(self, tenant_id: str, conversation_id: str, message: Message) -> bool:
        """Replace what a message says; its number and turn stay. False if it is not there (any more)."""
        ...

    def remove_message(self, tenant_id: str, conversation_id: str, message: Message, *, token: str) -> bool:
        """Leave a tombstone at its number. False if it is not there (any more)."""
        ...

    def mark_deleted(self, tenant_id: str, conversation_id: str, *, now: int, token: str) -> Conversation | None:
        """Make the conversation a 404 for everybody and take it off its user's list, in one transaction.

        Returns it as it stood, or None if there is none (left).
        """
        ...

    def deleted(self, tenant_id: str, conversation_id: str) -> Conversation | None:
        """A conversation marked deleted that is not all gone yet; None if there is none or it is not marked."""
        ...

    def sweep(self, tenant_id: str, conversation_id: str, *, limit: int) -> bool:
        """Delete up to `limit` items of a marked conversation, its summary excepted. True when none are left."""
        ...

    def forget(self, conversation: Conversation) -> None:
        """Delete the summary of a swept conversation and the record of the request that created it."""
        ...


class TurnStore(Protocol):
    """The turn engine's side of a conversation."""

    def begin_view(
        self, tenant_id: str, conversation_id: str, *, key_hash: str | None, user_id: str | None = None, now: int
    ) -> BeginView:
        """One read of all that begin needs. `user_id` only when begin may have to create the conversation."""
        ...

    def begin(self, new: NewTurn, view: BeginView, *, terms: LeaseTerms | None, token: str) -> Begun:
        """Give out two numbers, store turn and message, and remember the key: all or nothing.

        With `terms` the lease is taken too, which needs an idle conversation. Raises StaleError when the conversation
        is not as in `view` (or not idle, with `terms`), KeyUsedError when the key is taken by then.
        """
        ...

    def turn(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None: ...

    def message(self, tenant_id: str, conversation_id: str, number: int) -> Message | None: ...

    def history(self, tenant_id: str, conversation_id: str, *, below: int, limit: int) -> list[Message]:
        """The newest `limit` messages with numbers under `below`, oldest first, failed ones left out."""
        ...

    def work(self, tenant_id: str, conversation_id: str, *, hint: int | None) -> Work:
        """The conversation and the turn to run next. One read when `hint` names that turn, else two."""
        ...

    def pending(self, conversation: Conversation, *, limit: int) -> list[Turn]:
        """The turns that have not ended, in the order in which they will run."""
        ...

    def claim(self, work: Work, terms: LeaseTerms, *, token: str) -> Claim:
        """Take the lease, or go on with it if it is the owner's, and start the next attempt at the turn.

        Raises StaleError when somebody else was first.
        """
        ...

    def renew(self, claim: Claim, *, until: int, token: str) -> bool:
        """Extend the lease of a turn that nobody has asked to stop; False, and nothing is changed, if somebody has.

        So whoever renews need not look besides. Raises LeaseLostError.
        """
        ...

    def look(self, claim: Claim) -> Turn:
        """The turn as it stands: whether to stop, and who is listening. Raises LeaseLostError on a newer attempt."""
        ...

    def put_tokens(self, claim: Claim, batch: TokenBatch, *, expires_at: int) -> None: ...

    def tokens(self, tenant_id: str, conversation_id: str, turn: Turn, *, after_index: int) -> list[TokenBatch]:
        """The stored batches of the turn's current attempt that hold tokens after that index."""
        ...

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
        """Reply, turn and conversation in one transaction, which also gives the lease back.

        With `keep_until` the lease is kept until then instead, for the next turn in line. `usage` is kept with the
        turn and added to the conversation's. When `announced`, the end stands among the conversation's news.
        Raises LeaseLostError when the lease is another's by now, or the conversation was deleted.
        """
        ...

    def news(self, tenant_id: str, conversation_id: str) -> list[News]:
        """The ends that were announced and not forgotten yet, in their order."""
        ...

    def forget_news(self, tenant_id: str, conversation_id: str, sequence: int) -> None: ...

    def request_stop(self, tenant_id: str, conversation_id: str, number: int) -> Turn | None:
        """Ask a turn that has not ended to stop. Returns the turn as it is now; None if there is none."""
        ...

    def listen(
        self, tenant_id: str, conversation_id: str, number: int, *, connection_id: str, listener: Listener
    ) -> Turn | None:
        """Record a listener on a turn that has not ended. Returns the turn as it is now; None if there is none."""
        ...

    def retry(self, tenant_id: str, conversation_id: str, turn: Turn, *, token: str) -> None:
        """Put a failed turn back in line, with all its attempts before it.

        Raises StaleError when it is not failed (any more), or when too many are waiting already.
        """
        ...
