"""Answering for an agent: its definition and the conversation so far become a request to its model."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
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
from parlance.knowledge.datasets import Record
from parlance.knowledge.rules import SearchRules
from parlance.knowledge.search import Hit, among
from parlance.knowledge.words import content_words, leans_on_what_was_said

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
        if context.instructions:
            agent = replace(agent, instructions=f"{agent.instructions}\n\n{context.instructions}".strip())
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
        box = self._workshop.box(agent, context, ask if depth < _DEPTH_MAX else None)
        key = self._ids.random()
        asked = _Asked(agent, history, content, context, box, key, self._finder)
        models = [(self._model(choice), choice) for choice in agent.choices]

        def speak(exchange: Sequence[ChatMessage], *, goes_on: bool) -> Iterator[ModelEvent]:
            links = [Link(model, choice, partial(asked.request, model, choice, exchange)) for model, choice in models]
            return Chain(links, meter, goes_on=goes_on, depth=depth).stream(cancellation)

        rounds = min(agent.max_rounds, context.max_rounds or agent.max_rounds)
        exchange = Rounds(
            speak,
            box,
            max_rounds=rounds,
            key=key,
            cancellation=cancellation,
            max_calls=context.max_calls,
            max_continuations=context.max_continuations,
        )
        for event in exchange.run():
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


def _before_the_exchange(history: Sequence[ChatMessage]) -> tuple[Sequence[ChatMessage], Sequence[ChatMessage]]:
    """A history, and apart from it the question whose calls it ends with: that is told whole, however long."""
    if not history or not history[-1].results:
        return history, ()
    asked = max((place for place, one in enumerate(history) if one.role == "user" and not one.results), default=0)
    return history[:asked], history[asked:]


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
        before, rest = _before_the_exchange(history)
        self._history = prompts.in_turns([*prompts.window(before, agent.history_tokens), *rest])
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
                passages=self._passages,
            )
        self._shown = True
        asked = self._going_on() if self._goes_on else prompts.in_turns([*self._history, self._question(self._content)])
        tools = self._box.handed_over if self._context.must_call else self._box.tools
        return ModelRequest(
            tenant_id=agent.tenant_id,
            instructions=prompts.instructions(
                agent.instructions, has_dataset=self._looks_up, has_tools=bool(self._box.tools)
            ),
            context=prompts.context(
                self._context.identity, self._rules.instructions(found=bool(self._hits)) if self._looks_up else ""
            ),
            messages=(*asked, *exchange),
            settings=choice.settings,
            tools=tools,
            must_call=self._context.must_call and bool(tools),
        )

    @property
    def _goes_on(self) -> bool:
        """Whether the results of calls are all that is new."""
        return not self._content and bool(self._history) and bool(self._history[-1].results)

    def _going_on(self) -> Sequence[ChatMessage]:
        """The history, with what was found for its last question where that stands: it was told of it before, too."""
        asked = list(self._history)
        last = max((place for place, one in enumerate(asked) if one.role == "user" and one.content), default=None)
        if last is not None and self._hits:
            asked[last] = replace(asked[last], content=self._question(asked[last].content).content)
        return asked

    def _question(self, content: str) -> ChatMessage:
        return ChatMessage("user", prompts.question(content, self._hits, self._key))

    def with_sources(self, end: Completed) -> Completed:
        """What the model was shown, where it does not name its sources itself; and why it ended, where that is odd."""
        more: dict[str, object] = {}
        if self._shown and self._looks_up:
            more["sources"] = [source_of(hit) for hit in self._hits]
        if end.stop in {"length", "filtered"}:
            more["stop"] = end.stop
        if end.calls:
            more["calls"] = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in end.calls]
        metadata: Mapping[str, object] = {**more, **end.metadata}
        return Completed(end.input_tokens, end.output_tokens, metadata, end.calls, end.stop)

    @cached_property
    def _hits(self) -> Sequence[Hit]:
        """Looked up once a turn, in the agent's own dataset and among the turn's own passages; with the question
        before where this one leans on it.
        """
        before = [message.content for message in self._history if message.role == "user" and message.content]
        query = before.pop() if self._goes_on and before else self._content
        if before and leans_on_what_was_said(query):
            query = f"{query}\n{before[-1]}"
        found = among(self._passages, content_words(query), _PASSAGES)
        found += self._attached({hit.record.id for hit in found})[: _PASSAGES - len(found)]
        if self._agent.dataset_id is not None:
            where = (self._agent.tenant_id, self._agent.dataset_id)
            found += self._rules.kept(self._finder.search(*where, query, self._rules.limit(_PASSAGES)))
        return found

    @cached_property
    def _rules(self) -> SearchRules:
        agent = self._agent
        return self._finder.rules(agent.tenant_id, agent.dataset_id) if agent.dataset_id else SearchRules()

    def _attached(self, found: Container[str]) -> list[Hit]:
        """What is to be seen though nobody asked for it by its words, as who asks for a summary does not."""
        passages = zip(self._context.passages, self._passages, strict=True)
        return [Hit(record, 0.0, (), 0.0) for one, record in passages if one.is_attached and record.id not in found]

    @property
    def _looks_up(self) -> bool:
        return self._agent.dataset_id is not None or bool(self._context.passages)

    @cached_property
    def _passages(self) -> Sequence[Record]:
        return [
            Record(f"passage_{place}", one.text, one.source, "", place, 0, 0, one.meta)
            for place, one in enumerate(self._context.passages)
        ]
