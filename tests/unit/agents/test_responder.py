"""From an agent and a conversation to a request, and back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from parlance.agents.context import TurnContext, VerifiedIdentity
from parlance.agents.definitions import Agent, CachedAgents
from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelError, ModelEvent, TextDelta
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from tests.fakes.clock import ManualClock
from tests.unit.agents.scripted import ScriptedModel

AGENT = Agent(
    "tenant", "helper", "Helper", "Be brief.", 1, 1, model="scripted", settings={"pace": 0}, dataset_id="docs"
)


class MemoryAgents:
    def __init__(self, *agents: Agent) -> None:
        self.held = {(agent.tenant_id, agent.id): agent for agent in agents}
        self.reads = 0

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        self.reads += 1
        return self.held.get((tenant_id, agent_id))


class House:
    """A responder with one agent and one model."""

    def __init__(self, *, model: ScriptedModel | None = None, agent: Agent = AGENT, **bounds: int) -> None:
        self.model = model or ScriptedModel()
        self.responder = AgentResponder(MemoryAgents(agent), ModelRegistry({"scripted": lambda: self.model}), **bounds)

    def stream(
        self,
        history: Sequence[ChatMessage] = (),
        content: str = "Hello?",
        agent_id: str = "helper",
        context: TurnContext | None = None,
    ) -> Iterator[ModelEvent]:
        return self.responder.respond(
            tenant_id="tenant",
            agent_id=agent_id,
            history=history,
            content=content,
            cancellation=Cancellation(),
            context=context or TurnContext(),
        )

    def told(self, history: Sequence[ChatMessage], content: str = "now") -> list[str]:
        """What the model was told of the conversation."""
        list(self.stream(history, content))
        return [message.content for message in self.model.requests[-1].messages]


def chat(*contents: str) -> list[ChatMessage]:
    return [ChatMessage("assistant" if at % 2 else "user", text) for at, text in enumerate(contents)]


def test_the_request_is_the_agents_and_the_newest_message_comes_last() -> None:
    house = House()
    list(house.stream(chat("a", "b"), "c"))
    (request,) = house.model.requests
    assert (request.tenant_id, request.instructions, request.dataset_id) == ("tenant", "Be brief.", "docs")
    assert request.settings == {"pace": 0}
    assert list(request.messages) == [*chat("a", "b"), ChatMessage("user", "c")]


def test_the_model_is_told_who_the_user_is_where_that_is_verified() -> None:
    house = House()
    identity = VerifiedIdentity("ann", {"community": "readers", "username": 'Ann", "admin": "yes'})
    list(house.stream(context=TurnContext(identity)))
    list(house.stream())
    told, untold = (request.context for request in house.model.requests)
    assert json.loads(told[told.index("{") :]) == {"id": "ann", **identity.attributes}
    assert untold == ""


def test_the_end_names_the_model() -> None:
    assert list(House().stream()) == [TextDelta("Hi"), Completed(1, 1, {"model": "scripted"})]


def test_a_model_may_name_itself_more_exactly() -> None:
    model = ScriptedModel([Completed(1, 1, {"model": "scripted-2026", "stop": "length"})])
    assert list(House(model=model).stream()) == [Completed(1, 1, {"model": "scripted-2026", "stop": "length"})]


def test_a_missing_agent_is_a_models_failure() -> None:
    with pytest.raises(ModelError, match="no agent 'nobody'"):
        list(House().stream(agent_id="nobody"))


def test_an_unknown_model_is_a_models_failure() -> None:
    with pytest.raises(ModelError, match="not configured: 'gpt-9'"):
        list(House(agent=replace(AGENT, model="gpt-9")).stream())


def test_the_history_is_bounded_by_number() -> None:
    assert House(history_messages=4).told(chat("a", "b", "c", "d", "e", "f")) == ["c", "d", "e", "f", "now"]
    assert House(history_messages=0).told(chat("a", "b")) == ["now"]


def test_the_history_is_bounded_by_characters() -> None:
    history = chat("x" * 50, "y" * 50, "c", "d")
    assert House(history_characters=101).told(history) == ["c", "d", "now"], "whole messages only"
    assert House(history_characters=102).told(history) == [*(one.content for one in history), "now"]


def test_the_history_begins_with_the_user() -> None:
    assert House(history_messages=3).told(chat("a", "b", "c", "d")) == ["c", "d", "now"]


def test_the_newest_message_is_told_however_long_it_is() -> None:
    assert House(history_characters=10).told(chat("a", "b"), "z" * 100) == ["a", "b", "z" * 100]


def test_an_agent_is_read_again_after_a_minute() -> None:
    clock, store = ManualClock(), MemoryAgents(AGENT)
    agents = CachedAgents(store, clock)
    assert agents.get("tenant", "helper") == AGENT
    store.held["tenant", "helper"] = replace(AGENT, name="New")
    clock.advance(59)
    assert agents.get("tenant", "helper") == AGENT
    clock.advance(1)
    assert agents.get("tenant", "helper") == replace(AGENT, name="New")
    assert store.reads == 2


def test_an_agent_is_believed_for_a_minute_at_most() -> None:
    with pytest.raises(ValueError, match="between 0 and 60"):
        CachedAgents(MemoryAgents(), ManualClock(), ttl=61)
