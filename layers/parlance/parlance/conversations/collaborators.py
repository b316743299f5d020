"""What the core needs besides storage: queues that wake workers, an agent that answers, listeners to speak to."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from parlance.agents.context import TurnContext
from parlance.agents.models.base import Cancellation, ChatMessage, ModelEvent
from parlance.conversations.log import TurnLog
from parlance.conversations.model import Claim, Turn


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
    """Answers for an agent. Raises ModelError."""

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
    ) -> Iterator[ModelEvent]: ...


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
