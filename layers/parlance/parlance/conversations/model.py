"""What the core talks about: conversations, messages and turns. Times are milliseconds since 1970."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

type Role = Literal["user", "assistant"]

UNTOLD = frozenset({"activity", "checkpoint", "reasoning"})
"""Types of messages that are kept for the record and that no model is told of."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one attempt at a turn used: tokens, and their price in millionths of the deployment's currency.

    `estimated` where the model did not get to count.
    """

    attempt: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micros: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class DayUsage:
    """The sum over the attempts of one conversation that ended on one day (UTC, as `2026-11-25`)."""

    day: str
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micros: int = 0

    def plus(self, usage: Usage) -> "DayUsage":
        return DayUsage(
            self.day,
            self.attempts + 1,
            self.input_tokens + usage.input_tokens,
            self.output_tokens + usage.output_tokens,
            self.micros + usage.micros,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run turns of one conversation, held by one worker until `until`.

    `owner` is new for every drain of the line, so a holder that lost its lease can never be taken for the next one.
    """

    owner: str
    until: int
    turn: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """The summary of a conversation and its counters.

    Numbers: `last_number` is the highest one given out, to a message or reserved for a reply; `last_turn` is the
    number of the newest turn; `drained` is the number of the newest turn that has ended, so the conversation is
    idle when both are equal and no ended turn waits in `retries` for another attempt. `settled` is the number of
    the newest message that belongs to the history of the next turn. `ended_attempts` counts up with every finish,
    and `usage` is what was used on the day of the last one. `retention_days` is how long its messages are kept.

    `profile` is what a dialect keeps with it besides; `revision` counts the changes of what its owner may change.
    """

    tenant_id: str
    id: str
    user_id: str
    agent_id: str
    title: str
    created_at: int
    updated_at: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    last_message_at: int | None = None
    message_count: int = 0
    user_chat_number: int = 0
    last_number: int = 0
    last_turn: int = 0
    drained: int = 0
    settled: int = 0
    failed_turn: int = 0
    retries: tuple[int, ...] = ()
    lease: Lease | None = None
    request_key: str | None = None
    tokens_used: int = 0
    profile: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0
    ended_attempts: int = 0
    usage: DayUsage | None = None
    retention_days: int | None = None

    def having_used(self, usage: Usage, *, day: str) -> "Conversation":
        """After one more attempt, which ended on `day`."""
        today = self.usage if self.usage and self.usage.day == day else DayUsage(day)
        return replace(self, ended_attempts=self.ended_attempts + 1, usage=today.plus(usage))

    @property
    def has_work(self) -> bool:
        return self.drained < self.last_turn or bool(self.retries)

    def lease_held(self, now: int) -> bool:
        return self.lease is not None and self.lease.until >= now

    @property
    def newest_message(self) -> int:
        """The number of the newest message: a number still reserved for a reply, or for one that failed, is none."""
        replied = self.drained >= self.last_turn and self.failed_turn != self.last_turn
        ends_in_turn = self.last_turn > 0 and self.last_number == self.last_turn + 1
        return self.last_turn if ends_in_turn and not replied else self.last_number


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `failed` marks a user message whose turn failed: kept, but left out of the model's history.

    `profile` is what a dialect keeps with it besides: its `type`, where the role does not say it, among others.
    """

    id: str
    number: int
    role: Role
    content: str
    created_at: int
    turn_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_told(self) -> bool:
        """Whether it belongs to what a model is told of the conversation."""
        return bool(self.content) and not self.failed and self.profile.get("type") not in UNTOLD


class TurnState(StrEnum):
    """Where a turn stands; engine.py draws the moves."""

    RECEIVED = "received"
    GENERATING = "generating"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in {TurnState.DONE, TurnState.STOPPED, TurnState.FAILED}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a turn failed, in the words its user may read. `code` is AGENT_ERROR, AGENT_TIMEOUT or BUDGET_EXCEEDED."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Listener:
    """A connection that wants a turn's tokens after `after_index` of that `attempt` (None: whichever runs).

    `nonce` tells a second request of the same connection from the first.
    """

    after_index: int
    attempt: int | None
    nonce: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A user message and its reply. `number` is the message's number, `number + 1` the reply's.

    `previous` is the number of the turn begun before it (0 for the first): a turn is at the head of the line when
    that one has ended. `tried` is how many attempts had been made when it was last sent again after a failure.
    `context` is what the dialect told of it (`TurnContext.stored`), `calls` the tools that its last attempt called.
    `usage` is what the last attempt that ended used.
    """

    id: str
    number: int
    message_id: str
    reply_id: str
    state: TurnState
    created_at: int
    attempt: int = 0
    body_hash: str = ""
    failure: Failure | None = None
    stop_requested: bool = False
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    ended_at: int | None = None
    previous: int = 0
    tried: int = 0
    context: Mapping[str, Any] = field(default_factory=dict)
    calls: Sequence[Mapping[str, Any]] = ()
    usage: Usage | None = None

    @property
    def reply_number(self) -> int:
        return self.number + 1


@dataclass(frozen=True, slots=True)
class News:
    """The end of an attempt, kept beside its conversation until whoever wants to know of it has been sent it.

    `sequence` counts up within the conversation.
    """

    sequence: int
    turn_id: str
    attempt: int
    state: TurnState
    message_id: str
    reply_id: str
    ended_at: int
    failure: Failure | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease taken for one attempt at one turn, with the conversation and the message as they stood then.

    `turn.attempt` is the attempt that the holder may run until `lease.until`, unless it renews.
    """

    lease: Lease
    conversation: Conversation
    turn: Turn
    message: Message

    @property
    def is_retry(self) -> bool:
        """Whether the turn had ended before and waited in the conversation's retries."""
        return self.turn.number <= self.conversation.drained

    @property
    def others_wait(self) -> bool:
        """Whether other turns stood in line when this one was claimed."""
        retries = len(self.conversation.retries) - int(self.is_retry)
        return retries > 0 or (not self.is_retry and self.turn.number < self.conversation.last_turn)


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Consecutive token texts of one attempt; `first_index` is the index of the first."""

    first_index: int
    tokens: tuple[str, ...]
