"""A model that says what it is told to and remembers what it was asked, and the house around it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from parlance.agents.calls import ReplyEvent
from parlance.agents.context import TurnContext
from parlance.agents.definitions import Agent
from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    Model,
    ModelEvent,
    ModelRequest,
    TextDelta,
)
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.agents.skills import Ability, Skillset
from parlance.agents.tools.client import Channels
from parlance.agents.workshop import Workshop
from parlance.knowledge.datasets import Record
from parlance.knowledge.rules import SearchRules
from parlance.knowledge.search import Hit
from parlance.outbound.addresses import Guard
from tests.fakes.clock import CountingIds
from tests.fakes.secrets import KnownSecrets

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

type Round = Sequence[ModelEvent | Exception]

AGENT = Agent(
    "tenant", "helper", "Helper", "Be brief.", 1, 1, model="scripted", settings={"pace": 0}, dataset_id="docs"
)


class ScriptedModel:
    """Each round it is asked it plays the next script, and the last one from then on."""

    def __init__(self, *rounds: Round, name: str = "scripted", retrieves: bool = False) -> None:
        self._rounds = rounds or ((TextDelta("Hi"), Completed(1, 1)),)
        self.name = name
        self.retrieves = retrieves
        self.requests: list[ModelRequest] = []
        self.closed = 0

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        script = self._rounds[min(len(self.requests), len(self._rounds) - 1)]
        self.requests.append(request)
        try:
            for event in script:
                if isinstance(event, Exception):
                    raise event
                yield event
        except GeneratorExit:
            self.closed += 1
            raise


class MemoryAgents:
    def __init__(self, *agents: Agent) -> None:
        self.held = {(agent.tenant_id, agent.id): agent for agent in agents}
        self.reads = 0

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        self.reads += 1
        return self.held.get((tenant_id, agent_id))


class MemorySkills:
    def __init__(self, abilities: Sequence[Ability], tenant_id: str) -> None:
        self._abilities = abilities
        self._tenant_id = tenant_id

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None:
        found = (tenant_id, skillset_id) == (self._tenant_id, "skills")
        return Skillset(tenant_id, skillset_id, "Skills", self._abilities, 1, 1) if found else None


class Passages:
    """Datasets whose every passage fits every question; remembers what was looked for and where."""

    def __init__(self, texts: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self._texts = texts
        self.searches: list[tuple[str, str, str]] = []
        self.held_rules = SearchRules()

    def rules(self, tenant_id: str, dataset_id: str) -> SearchRules:
        return self.held_rules

    def search(self, tenant_id: str, dataset_id: str, query: str, limit: int = 5) -> list[Hit]:
        self.searches.append((tenant_id, dataset_id, query))
        texts = self._texts.get((tenant_id, dataset_id), ())[:limit]
        return [
            Hit(Record(f"r{at}", text, f"{dataset_id}.md", "Guide", at, 1, 1), 1.0, (), 1.0)
            for at, text in enumerate(texts)
        ]


def no_guardrails() -> "BedrockRuntimeClient":
    raise AssertionError("nobody set a guardrail")


class House:
    """A responder with agents, models, abilities and passages."""

    def __init__(
        self,
        *models: Model,
        agents: Sequence[Agent] = (AGENT,),
        abilities: Sequence[Ability] = (),
        passages: Mapping[tuple[str, str], Sequence[str]] | None = None,
        channels: Channels | None = None,
        guard: Guard | None = None,
        secrets: dict[tuple[str, str], str] | None = None,
        guardrails: Callable[[], "BedrockRuntimeClient"] = no_guardrails,
        tenant_id: str = "tenant",
    ) -> None:
        self.models = models or (ScriptedModel(),)
        self.passages = Passages(passages or {})
        registry = ModelRegistry({model.name: lambda model=model: model for model in self.models})  # type: ignore[misc]
        self.workshop = Workshop(
            MemorySkills(abilities, tenant_id),
            finder=self.passages,
            secrets=KnownSecrets(secrets or {}),
            guard=guard or Guard(),
            guardrails=guardrails,
            channels=channels,
        )
        self.responder = AgentResponder(
            MemoryAgents(*agents), registry, finder=self.passages, workshop=self.workshop, ids=CountingIds()
        )

    def stream(
        self,
        history: Sequence[ChatMessage] = (),
        content: str = "Hello?",
        *,
        agent_id: str = "helper",
        context: TurnContext | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[ReplyEvent]:
        return self.responder.respond(
            tenant_id="tenant",
            agent_id=agent_id,
            history=history,
            content=content,
            cancellation=cancellation or Cancellation(),
            context=context or TurnContext(),
        )


def end_of(events: Sequence[ReplyEvent]) -> Completed:
    (end,) = (event for event in events if isinstance(event, Completed))
    assert events[-1] is end
    return end


def text_of(events: Sequence[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def chat(*contents: str) -> list[ChatMessage]:
    return [ChatMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(contents)]
