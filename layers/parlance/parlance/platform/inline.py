"""The agent of a request that is not kept: a bot, or what the request itself says."""

from dataclasses import replace

from parlance.agents.definitions import Agent, AgentReader
from parlance.errors import NotFoundError
from parlance.platform.functions import Stateless
from parlance.platform.library import Library
from parlance.platform.models import model_of


class InlineAgents:
    """Finds or makes the agent that shall answer once."""

    def __init__(self, library: Library, agents: AgentReader) -> None:
        self._library = library
        self._agents = agents

    def agent_for(self, tenant_id: str, asked: Stateless) -> Agent:
        """Raises NotFoundError for a bot or dataset that is not there."""
        agent = self._bot(tenant_id, asked.botId) if asked.botId else nobody(tenant_id)
        if asked.model:
            model = model_of(asked.model)
            agent = replace(agent, model=model.name, settings=model.settings)
        if asked.backstory:
            agent = replace(agent, instructions=asked.backstory)
        if asked.datasetId:
            agent = replace(agent, dataset_id=self._library.resolve(tenant_id, "dataset", asked.datasetId))
        if asked.skillsetId:
            agent = replace(agent, skillset_id=self._library.resolve(tenant_id, "skillset", asked.skillsetId))
        return agent

    def _bot(self, tenant_id: str, reference: str) -> Agent:
        agent = self._agents.get(tenant_id, self._library.resolve(tenant_id, "bot", reference))
        if agent is None:
            raise NotFoundError("bot", "Bot not found")
        return agent


def nobody(tenant_id: str) -> Agent:
    """Who answers for a model that is no bot's. Usage goes by this id."""
    return Agent(tenant_id=tenant_id, id="inline", name="", instructions="", created_at=0, updated_at=0)
