"""Answering for an agent: its definition and the conversation so far become a request to its model."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial

from parlance.agents import prompts
from parlance.agents.calls import ReplyEvent
from parlance.agents.chain import Chain, Link
from parlance.agents.context import TurnContext
from parlance.agents.definitions import Agent, AgentReader, ModelChoice
from parlance.agents.metering import UNMETERED, Meter
from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    Model,
    ModelEvent,
    ModelMisconfiguredError,
    ModelRequest,
)
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.rounds import Rounds
from parlance.agents.sources import source_of
from parlance.agents.tools.box import ToolBox
from parlance.agents.tools.search import Finder
from parlance.agents.workshop import Workshop
from parlance.errors import AgentError
from parlance.ids import IdSource
from parlance.knowledge.search import Hit
from parlance.knowledge.words import leans_on_what_was_said

_PASSAGES = 8
_DEPTH_MAX = 2
_NOTHING_KNOWN = TurnContext()


class AgentResponder:
    """The Responder of the turn engine."""

    def __init__(
        self, agents: AgentReader, models: ModelRegistry, *, finder: Finder, workshop: Workshop, ids: IdSource
    ) -> None:
        self._agents = agents
        self._models = models
        self._finder = finder
        self._workshop = workshop
        self._ids = ids

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext = _NOTHING_KNOWN,
        meter: Meter = UNMETERED,
        depth: int = 0,
    ) -> Iterator[ReplyEvent]:
        """What is said and called, and one end that names the model. Raises ModelError, also for a missing agent,
        and what the meter raises.

        A history that ends with the results of calls goes on from there: then `content` is empty.
        `depth` counts the agents that stand between the user and this one.
        """
        agent = self._agents.get(tenant_id, agent_id)
        if agent is None:
            raise ModelMisconfiguredError(f"there is no agent {agent_id!r}")
        moderation = self._workshop.moderation(agent)
        instead = moderation.stands_in(content) if moderation else None
        if instead is not None:
            yield from instead
            return
        reply = self._reply(agent, history, content, cancellation, context, meter, depth)
        yield from moderation.moderated(reply) if moderation else reply

    def _reply(
        self,
        agent: Agent,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
        meter: Meter,
        depth: int,
    ) -> Iterator[ReplyEvent]:
        ask = partial(self._ask, agent.tenant_id, context, meter, depth + 1)
        box = self._workshop.box(agent, context.functions, ask if depth < _DEPTH_MAX else None)
        key = self._ids.random()
        asked = _Asked(agent, history, content, context, box, key, self._finder)
        models = [(self._model(choice), choice) for choice in agent.choices]

        def speak(exchange: Sequence[ChatMessage], *, goes_on: bool) -> Iterator[ModelEvent]:
            links = [Link(model, choice, partial(asked.request, model, choice, exchange)) for model, choice in models]
            return Chain(links, meter, goes_on=goes_on, depth=depth).stream(cancellation)

        rounds = min(agent.max_rounds, context.max_rounds or agent.max_rounds)
        for event in Rounds(speak, box, max_rounds=rounds, key=key, cancellation=cancellation).run():
            yield asked.with_sources(event) if isinstance(event, Completed) else event

    def _ask(
        self,
        tenant_id: str,
        context: TurnContext,
        meter: Meter,
        depth: int,
        agent_id: str,
        message: str,
        cancellation: Cancellation,
    ) -> Iterator[ReplyEvent]:
        """What an agent's ability asks another one: who the user is goes along, what the client can do does not."""
        return self.respond(
            tenant_id=tenant_id,
            agent_id=agent_id,
            history=(),
            content=message,
            cancellation=cancellation,
            context=TurnContext(identity=context.identity),
            meter=meter,
            depth=depth,
        )

    def _model(self, choice: ModelChoice) -> Model:
        try:
            return self._models.get(choice.model)
        except AgentError as error:
            raise ModelMisconfiguredError(f"{error.message}: {choice.model!r}") from error


class _Asked:
    """One message to an agent, as each of its models is told it."""

    def __init__(
        self,
        agent: Agent,
        history: Sequence[ChatMessage],
        content: str,
        context: TurnContext,
        box: ToolBox,
        key: str,
        finder: Finder,
    ) -> None:
        self._agent = agent
        self._history = prompts.in_turns(prompts.window(history, agent.history_tokens))
        self._content = content
        self._context = context
        self._box = box
        self._key = key
        self._finder = finder
        self._shown = False

    def request(self, model: Model, choice: ModelChoice, exchange: Sequence[ChatMessage]) -> ModelRequest:
        agent = self._agent
        if model.retrieves:
            return ModelRequest(
                tenant_id=agent.tenant_id,
                instructions=agent.instructions,
                messages=(*self._history, ChatMessage("user", self._content)),
                settings=choice.settings,
                dataset_id=agent.dataset_id,
            )
        self._shown = True
        goes_on = not self._content and self._history and self._history[-1].results
        question = ChatMessage("user", prompts.question(self._content, self._hits, self._key))
        asked = self._history if goes_on else prompts.in_turns([*self._history, question])
        return ModelRequest(
            tenant_id=agent.tenant_id,
            instructions=prompts.instructions(
                agent.instructions, has_dataset=agent.dataset_id is not None, has_tools=bool(self._box.tools)
            ),
            context=prompts.context(self._context.identity),
            messages=(*asked, *exchange),
            settings=choice.settings,
            tools=self._box.tools,
        )

    def with_sources(self, end: Completed) -> Completed:
        """What the model was shown, where it does not name its sources itself; and why it ended, where that is odd."""
        more: dict[str, object] = {}
        if self._shown and self._agent.dataset_id is not None:
            more["sources"] = [source_of(hit) for hit in self._hits]
        if end.stop in {"length", "filtered"}:
            more["stop"] = end.stop
        if end.calls:
            more["calls"] = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in end.calls]
        metadata: Mapping[str, object] = {**more, **end.metadata}
        return Completed(end.input_tokens, end.output_tokens, metadata, end.calls, end.stop)

    @cached_property
    def _hits(self) -> Sequence[Hit]:
        """Looked up once a turn, in the agent's own dataset; with the question before where this one leans on it."""
        if self._agent.dataset_id is None:
            return ()
        query = self._content
        before = [message.content for message in self._history if message.role == "user"]
        if before and leans_on_what_was_said(query):
            query = f"{query}\n{before[-1]}"
        return self._finder.search(self._agent.tenant_id, self._agent.dataset_id, query, _PASSAGES)
