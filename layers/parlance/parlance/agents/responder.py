"""Answering for an agent: its definition and the conversation so far become a request to its model."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from parlance.agents.context import TurnContext, VerifiedIdentity
from parlance.agents.definitions import AgentReader
from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    Model,
    ModelError,
    ModelEvent,
    ModelRequest,
)
from parlance.agents.models.registry import ModelRegistry
from parlance.errors import AgentError

HISTORY_MESSAGES = 20
HISTORY_CHARACTERS = 24_000


class AgentResponder:
    """The Responder of the turn engine. `history_*` bound what a model is told of the conversation before."""

    def __init__(
        self,
        agents: AgentReader,
        models: ModelRegistry,
        *,
        history_messages: int = HISTORY_MESSAGES,
        history_characters: int = HISTORY_CHARACTERS,
    ) -> None:
        self._agents = agents
        self._models = models
        self._history_messages = history_messages
        self._history_characters = history_characters

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
    ) -> Iterator[ModelEvent]:
        """The model's stream; its end names the model. Raises ModelError, also for an agent that is not there."""
        agent = self._agents.get(tenant_id, agent_id)
        if agent is None:
            raise ModelError(f"there is no agent {agent_id!r}")
        model = self._model(agent.model)
        request = ModelRequest(
            tenant_id=tenant_id,
            instructions=agent.instructions,
            messages=(*self._window(history), ChatMessage("user", content)),
            settings=agent.settings,
            dataset_id=agent.dataset_id,
            context=_told(context.identity),
        )
        for event in model.stream(request, cancellation):
            yield _naming(event, model.name) if isinstance(event, Completed) else event

    def _model(self, name: str) -> Model:
        try:
            return self._models.get(name)
        except AgentError as error:
            raise ModelError(f"{error.message}: {name!r}") from error

    def _window(self, history: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """The newest whole messages within both bounds, beginning with one of the user's."""
        kept: list[ChatMessage] = []
        room = self._history_characters
        for message in reversed(history[-self._history_messages :] if self._history_messages else ()):
            room -= len(message.content)
            if room < 0:
                break
            kept.insert(0, message)
        while kept and kept[0].role != "user":
            del kept[0]
        return kept


def _told(identity: VerifiedIdentity | None) -> str:
    """As JSON, because users choose their own names."""
    if identity is None:
        return ""
    known = json.dumps({"id": identity.subject, **identity.attributes}, ensure_ascii=False)
    return f"The user has been verified. What is known of them, as JSON: {known}"


def _naming(completed: Completed, model: str) -> Completed:
    return replace(completed, metadata={"model": model, **completed.metadata})
