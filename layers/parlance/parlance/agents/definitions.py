"""What an agent is, and how the rest of the house reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache

MAX_AGE = 60.0
"""Seconds for which an agent's definition may be believed without reading it again."""

HISTORY_TOKENS = 6_000
MAX_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model with its settings."""

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers: its instructions, its model with that model's settings, and what it may look up and do.

    `fallbacks` are asked in their order when the model before cannot answer. `history_tokens` bounds what the model
    is told of the conversation before, `max_rounds` how often it is given the results of tools in one turn.
    `moderation` are the settings of the check on what goes in and out (see `parlance.agents.moderation`).
    `profile` is what a dialect keeps with it besides; nothing in it changes how the agent answers.
    """

    tenant_id: str
    id: str
    name: str
    instructions: str
    created_at: int
    updated_at: int
    model: str = "extractive"
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    skillset_id: str | None = None
    fallbacks: Sequence[ModelChoice] = ()
    history_tokens: int = HISTORY_TOKENS
    max_rounds: int = MAX_ROUNDS
    moderation: Mapping[str, Any] | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def choices(self) -> Sequence[ModelChoice]:
        """Its model and then its fallbacks."""
        return (ModelChoice(self.model, self.settings), *self.fallbacks)


class AgentStore(Protocol):
    """Where agents live. Reads see every write that was answered before them."""

    def create(self, agent: Agent) -> None:
        """Raises ConflictError if the id is taken."""
        ...

    def update(self, agent: Agent) -> None:
        """Raises NotFoundError("agent") if there is none of that id."""
        ...

    def get(self, tenant_id: str, agent_id: str) -> Agent | None: ...

    def of_tenant(self, tenant_id: str) -> list[Agent]:
        """In the order of their ids."""
        ...


class AgentReader(Protocol):
    """The part of a store that answering needs."""

    def get(self, tenant_id: str, agent_id: str) -> Agent | None: ...


class CachedAgents:
    """An AgentReader that asks again only after `ttl` seconds. Thread-safe."""

    def __init__(self, store: AgentReader, clock: Clock, *, ttl: float = MAX_AGE, size: int = 1_000) -> None:
        if not 0 <= ttl <= MAX_AGE:
            raise ValueError(f"ttl must lie between 0 and {MAX_AGE:g} seconds")
        self._cache = TimedCache[tuple[str, str], Agent | None](lambda key: store.get(*key), clock, ttl=ttl, size=size)

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return self._cache.get((tenant_id, agent_id))
