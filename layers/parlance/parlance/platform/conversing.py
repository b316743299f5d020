"""Conversations that begin without a user: with a message of a task or a trigger, which a bot answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parlance.agents.context import TurnContext
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Turn
from parlance.platform.library import Library

_NOTHING_KNOWN = TurnContext()


@dataclass(frozen=True, slots=True)
class Begun:
    """The turn of the message, which a worker runs."""

    conversation_id: str
    turn: Turn


class Conversing:
    """Begins such conversations."""

    def __init__(self, library: Library, engine: TurnEngine) -> None:
        self._conversations = library.engine("conversation")
        self._engine = engine

    def create(self, tenant_id: str, values: Mapping[str, Any]) -> str:
        """A conversation; returns its id. Raises NotFoundError for a bot or a contact that is gone."""
        kept = {name: value for name, value in values.items() if value}
        return self._conversations.put(tenant_id, kept).id

    def say(
        self, tenant_id: str, conversation_id: str, text: str, *, key: str, context: TurnContext = _NOTHING_KNOWN
    ) -> Begun:
        """Begin the turn, once for each key. Raises NotFoundError, UnavailableError."""
        command = BeginTurn(
            tenant_id=tenant_id,
            conversation_id=conversation_id,
            content=text,
            idempotency_key=key,
            context=context,
        )
        begun = self._engine.begin(command)
        self._engine.wake(command, begun)
        return Begun(conversation_id, begun.turn)
