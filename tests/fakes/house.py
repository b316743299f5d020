"""The turn engine's collaborators as a test holds them: a scripted agent, queues that are lists, a silent audience."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from parlance.agents.calls import ReplyEvent
from parlance.agents.context import TurnContext
from parlance.agents.models.base import Cancellation, ChatMessage, Completed, TextDelta
from parlance.conversations.log import End, TurnLog
from parlance.conversations.model import Claim, Turn


class ScriptedResponder:
    """Answers by a script and remembers what it was asked.

    A script is called with the content and the cancellation and yields model events, or raises.
    """

    def __init__(self, script: Callable[[str, Cancellation], Iterator[ReplyEvent]] | None = None) -> None:
        self.script = script or echo
        self.calls: list[str] = []
        self.histories: list[list[ChatMessage]] = []
        self.contexts: list[TurnContext] = []
        self._lock = threading.Lock()

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
    ) -> Iterator[ReplyEvent]:
        with self._lock:
            self.calls.append(content)
            self.histories.append(list(history))
            self.contexts.append(context)
        yield from self.script(content, cancellation)


def echo(content: str, cancellation: Cancellation) -> Iterator[ReplyEvent]:
    """Answers "re: …", in two deltas."""
    yield TextDelta("re: ")
    yield TextDelta(content)
    yield Completed(1, 2, {"model": "scripted"})


class QueuedWakeups:
    """Remembers wake-ups and watchdogs instead of sending them."""

    def __init__(self) -> None:
        self.woken: list[tuple[str, str, int | None]] = []
        self.watching: list[tuple[str, str, int]] = []

    def wake(self, tenant_id: str, conversation_id: str, *, turn_number: int | None) -> None:
        self.woken.append((tenant_id, conversation_id, turn_number))

    def watch(self, tenant_id: str, conversation_id: str, *, sent_at: int) -> None:
        self.watching.append((tenant_id, conversation_id, sent_at))


class QueuedSweeps:
    """Remembers sweeps and erasures instead of sending them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []
        self.erasures: list[tuple[str, str, int]] = []

    def erase(self, tenant_id: str, user_id: str, *, passes: int, delay_seconds: int) -> None:
        self.erasures.append((tenant_id, user_id, passes))

    def sweep(self, tenant_id: str, conversation_id: str, *, delay_seconds: int) -> None:
        self.asked.append((tenant_id, conversation_id, delay_seconds))


@dataclass
class Heard:
    """What one attempt told its audience."""

    claim: Claim
    log: TurnLog
    turns: list[Turn] = field(default_factory=list)
    text: str = ""
    end: End | None = None

    def heard_by(self, turn: Turn) -> None:
        self.turns.append(turn)

    def close(self, *, timeout_seconds: float) -> None:
        tokens, self.end = self.log.wait(-1, timeout_seconds=timeout_seconds)
        self.text = "".join(token.text for token in tokens)


class ListeningAudience:
    """Keeps everything it is told, attempt by attempt."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def open(self, claim: Claim, log: TurnLog) -> Heard:
        heard = Heard(claim, log)
        self.heard.append(heard)
        return heard
