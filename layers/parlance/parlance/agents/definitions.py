"""What an agent is, and how the rest of the house reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache

MAX_AGE = 60.0
"""Seconds for which an agent's definition may be believed without reading it again."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who answers: its instructions, its model with that model's settings, and what it may look up.

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
    profile: Mapping[str, Any] = field(default_factory=dict)


class AgentStore(Protocol):
    """Where agents live. Reads see every write that was answered before them."""

    def create(self, agent: Agent) -> None:
        """Raises ConflictError if the id is taken."""
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
