"""Which agent answers in a new chat."""

from typing import Protocol

from parlance.errors import NotFoundError

DEFAULT_AGENT = "default"


class NamedAgent(Protocol):
    """What a chat needs to know of its agent."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


class Agents(Protocol):
    """A tenant's agents."""

    def get(self, tenant_id: str, agent_id: str) -> NamedAgent | None: ...


def agent_for(agents: Agents, tenant_id: str, agent_id: str | None) -> NamedAgent:
    """The agent asked for, else the tenant's default one. Raises NotFoundError("agent")."""
    agent = agents.get(tenant_id, agent_id or DEFAULT_AGENT)
    if agent is not None:
        return agent
    if agent_id is None:
        raise NotFoundError(
            "agent",
            f"This tenant has no default agent. Create one with the id {DEFAULT_AGENT!r}, or name another in agent_id.",
        )
    raise NotFoundError("agent", details={"agent_id": agent_id})
