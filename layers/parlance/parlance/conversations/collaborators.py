"""What the core needs besides storage: queues that wake workers, an agent that answers, listeners to speak to."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from parlance.agents.calls import ReplyEvent
from parlance.agents.context import TurnContext
from parlance.agents.definitions import ModelChoice
from parlance.agents.metering import Meter
from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelEvent, ModelRequest
from parlance.conversations.log import TurnLog
from parlance.conversations.model import Claim, Conversation, Message, Turn, Usage


class Wakeups(Protocol):
    """Tells a worker to look at a conversation. A wake-up may come twice, late or, rarely, not at all."""

    def wake(self, tenant_id: str, conversation_id: str, *, turn_number: int | None) -> None:
        """Now. `turn_number` is a hint at the turn to run."""
        ...

    def watch(self, tenant_id: str, conversation_id: str, *, sent_at: int) -> None:
        """Later than any lease taken now can run: finds the turn that a lost wake-up or a killed worker left behind.

        Sent before the turn is begun or begun again, at `sent_at` (ms since 1970).
        """
        ...


class Sweeps(Protocol):
    """Tells a worker to remove what a deleted conversation has left."""

    def sweep(self, tenant_id: str, conversation_id: str, *, delay_seconds: int) -> None: ...


class Responder(Protocol):
    """Answers for an agent. Tells the meter of every call of a model. Raises ModelError, and what the meter raises."""

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
        meter: Meter,
    ) -> Iterator[ReplyEvent]: ...


class Account(Meter, Protocol):
    """What one attempt may use, and has used."""

    def usage(self) -> Usage:
        """The tokens of the attempt until now, and their price."""
        ...

    def settle(self, usage: Usage) -> None:
        """Give back what was reserved beyond this. Once the end is stored; harmless to repeat."""
        ...


class Accounts(Protocol):
    """Who pays for the attempts."""

    def open(self, claim: Claim, history: Sequence[Message]) -> Account:
        """Reserve what one answer may use at the most. Raises BudgetExceededError, ContendedError, UnansweredError."""
        ...

    def record(self, conversation: Conversation) -> None:
        """Make known what the conversation used on its last day. Harmless to repeat, in any order."""
        ...

    def release(self, conversation: Conversation) -> None:
        """Settle what attempts of the conversation that are over have left reserved. Harmless to repeat."""
        ...

    def check(self, conversation: Conversation) -> None:
        """Release and record, if that was left undone."""
        ...


class News(Protocol):
    """Passes on that attempts have ended."""

    def wanted(self, tenant_id: str) -> bool:
        """Whether anybody wants to know of this tenant's turns."""
        ...

    def tell(self, tenant_id: str, conversation_id: str) -> None:
        """Pass on what stands among the conversation's news. Nothing is told twice under another id."""
        ...


class Broadcast(Protocol):
    """One attempt at a turn, being told to its listeners. Never blocks whoever calls it, `close` excepted."""

    def heard_by(self, turn: Turn) -> None:
        """The turn as just read: who listens now, and from which index on."""
        ...

    def close(self, *, timeout_seconds: float) -> None:
        """Wait until everybody has been told everything, but no longer than that."""
        ...


class Audience(Protocol):
    """Where the tokens of a turn go while a worker runs it."""

    def open(self, claim: Claim, log: TurnLog) -> Broadcast: ...


class _OpenAccount:
    def __init__(self, claim: Claim) -> None:
        self._usage = Usage(claim.turn.attempt)

    def asks(self, choice: ModelChoice, request: ModelRequest, *, goes_on: bool = False, depth: int = 0) -> None:
        pass

    def hears(self, event: ModelEvent) -> None:
        if isinstance(event, Completed):
            before = self._usage
            asked, answered = before.input_tokens + event.input_tokens, before.output_tokens + event.output_tokens
            self._usage = Usage(before.attempt, asked, answered)

    def usage(self) -> Usage:
        return self._usage

    def settle(self, usage: Usage) -> None:
        pass


class FreeOfCharge:
    """`Accounts` where nothing is limited and nothing recorded."""

    def open(self, claim: Claim, history: Sequence[Message]) -> Account:  # noqa: ARG002 - it costs nothing
        return _OpenAccount(claim)

    def record(self, conversation: Conversation) -> None:
        pass

    def release(self, conversation: Conversation) -> None:
        pass

    def check(self, conversation: Conversation) -> None:
        pass


class NoNews:
    """`News` that nobody wants."""

    def wanted(self, tenant_id: str) -> bool:  # noqa: ARG002
        return False

    def tell(self, tenant_id: str, conversation_id: str) -> None:
        pass
