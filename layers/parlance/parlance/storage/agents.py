"""Agents in the Conversations table."""

import json

from parlance.agents.definitions import HISTORY_TOKENS, MAX_ROUNDS, Agent, ModelChoice
from parlance.errors import ConflictError, NotFoundError
from parlance.storage import keys
from parlance.storage.listing import AGENTS, entry, no_entry
from parlance.storage.table import ConditionFailedError, Item, Put, Table


class AgentRepository:
    """The AgentStore on a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, agent: Agent) -> None:
        # Before the agent itself: an entry without one is passed over, an agent without one would not be listed.
        self._table.put(entry(agent.tenant_id, AGENTS, agent.created_at, agent.id))
        try:
            self._table.put(Put(_item(agent), when="attribute_not_exists(pk)"))
        except ConditionFailedError as error:
            there = self.get(agent.tenant_id, agent.id)
            if there is not None and there.created_at != agent.created_at:
                self._table.delete(no_entry(agent.tenant_id, AGENTS, agent.created_at, agent.id))
            raise ConflictError("An agent with this id exists already") from error

    def update(self, agent: Agent) -> None:
        try:
            self._table.put(Put(_item(agent), when="attribute_exists(pk)"))
        except ConditionFailedError as error:
            raise NotFoundError("agent") from error

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        item = self._table.get(keys.agent(tenant_id, agent_id))
        return agent_from(item) if item else None

    def of_tenant(self, tenant_id: str) -> list[Agent]:
        first, last = keys.agent(tenant_id, "").sk, keys.agent(tenant_id, keys.HIGHEST).sk
        return [agent_from(item) for item in self._table.query_all(keys.agents_pk(tenant_id), first=first, last=last)]


def _item(agent: Agent) -> Item:
    key = keys.agent(agent.tenant_id, agent.id)
    return {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, **agent_attributes(agent)}


def agent_attributes(agent: Agent) -> Item:
    """An agent's item without its key; None stands for an attribute that is not there."""
    return {
        "tenant_id": agent.tenant_id,
        "id": agent.id,
        "name": agent.name,
        "instructions": agent.instructions,
        "model": agent.model,
        # A user's numbers may not fit the table's, so they stay text.
        "settings": json.dumps(dict(agent.settings)),
        "dataset_id": agent.dataset_id,
        "skillset_id": agent.skillset_id,
        "fallbacks": json.dumps([{"model": one.model, "settings": dict(one.settings)} for one in agent.fallbacks]),
        "history_tokens": agent.history_tokens,
        "max_rounds": agent.max_rounds,
        "moderation": json.dumps(dict(agent.moderation)) if agent.moderation is not None else None,
        "profile": json.dumps(dict(agent.profile)) if agent.profile else None,
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
    }


def agent_from(item: Item) -> Agent:
    return Agent(
        tenant_id=item["tenant_id"],
        id=item["id"],
        name=item["name"],
        instructions=item["instructions"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        model=item["model"],
        settings=json.loads(item["settings"]),
        dataset_id=item.get("dataset_id"),
        skillset_id=item.get("skillset_id"),
        fallbacks=tuple(ModelChoice(**one) for one in json.loads(item.get("fallbacks", "[]"))),
        history_tokens=item.get("history_tokens", HISTORY_TOKENS),
        max_rounds=item.get("max_rounds", MAX_ROUNDS),
        moderation=json.loads(item["moderation"]) if "moderation" in item else None,
        profile=json.loads(item["profile"]) if "profile" in item else {},
    )
