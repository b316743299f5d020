"""Agents on the table."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.skills import Skillset, abilities_from
from parlance.errors import ConflictError, NotFoundError
from parlance.storage import keys
from parlance.storage.agents import AgentRepository
from parlance.storage.skillsets import SkillsetRepository
from parlance.storage.table import Put, Table

pytestmark = pytest.mark.storage


@pytest.fixture
def store(table: Table) -> AgentRepository:
    return AgentRepository(table)


@pytest.fixture
def agent(store: AgentRepository) -> Agent:
    made = Agent(
        tenant_id=f"tenant-{uuid4().hex}",
        id="helper",
        name="Helper",
        instructions="Be brief.",
        created_at=1,
        updated_at=2,
        settings={"pace": 0.05, "seed": 10**60, "nested": {"empty": [], "none": None}},
        dataset_id="docs",
    )
    store.create(made)
    return made


def test_a_created_agent_reads_back(store: AgentRepository, agent: Agent) -> None:
    assert store.get(agent.tenant_id, agent.id) == agent


def test_an_agent_needs_no_dataset(store: AgentRepository, agent: Agent) -> None:
    plain = replace(agent, id="plain", dataset_id=None, settings={}, model="another")
    store.create(plain)
    assert store.get(agent.tenant_id, "plain") == plain


def test_an_agent_belongs_to_one_tenant(store: AgentRepository, agent: Agent) -> None:
    assert store.get("another-tenant", agent.id) is None
    assert store.of_tenant("another-tenant") == []


def test_an_id_is_taken_once(store: AgentRepository, agent: Agent) -> None:
    with pytest.raises(ConflictError):
        store.create(replace(agent, name="Another"))
    assert store.get(agent.tenant_id, agent.id) == agent


def test_agents_of_a_tenant_come_in_the_order_of_their_ids(store: AgentRepository, agent: Agent) -> None:
    first = replace(agent, id="a-helper")
    store.create(first)
    assert store.of_tenant(agent.tenant_id) == [first, agent]


def test_an_agent_carries_the_schema_version(table: Table, agent: Agent) -> None:
    item = table.get(keys.agent(agent.tenant_id, agent.id))
    assert item is not None
    assert item["v"] == keys.SCHEMA_VERSION


def test_everything_about_an_agent_reads_back(store: AgentRepository, agent: Agent) -> None:
    whole = replace(
        agent,
        id="whole",
        skillset_id="skills",
        fallbacks=(ModelChoice("extractive"), ModelChoice("bedrock", {"model": "x", "temperature": 0.1})),
        history_tokens=0,
        max_rounds=3,
        moderation={"kind": "phrases", "phrases": ["x"]},
    )
    store.create(whole)
    assert store.get(agent.tenant_id, "whole") == whole


def test_an_agent_of_an_older_release_has_the_defaults(table: Table, store: AgentRepository, agent: Agent) -> None:
    item = table.get(keys.agent(agent.tenant_id, agent.id))
    assert item is not None
    for name in ("fallbacks", "history_tokens", "max_rounds"):
        del item[name]
    table.put(Put(item))
    assert store.get(agent.tenant_id, agent.id) == agent


def test_an_agent_is_changed_where_it_is_and_only_there(store: AgentRepository, agent: Agent) -> None:
    changed = replace(agent, name="Changed", dataset_id=None)
    store.update(changed)
    assert store.get(agent.tenant_id, agent.id) == changed
    for stranger in (replace(agent, id="none"), replace(agent, tenant_id="another-tenant")):
        with pytest.raises(NotFoundError):
            store.update(stranger)
        assert store.get(stranger.tenant_id, stranger.id) is None


class TestSkillsets:
    def skillset(self, tenant_id: str, **more: Any) -> Skillset:
        abilities = abilities_from([
            {"kind": "search", "name": "look", "dataset_id": "docs"},
            {"kind": "fetch", "name": "get", "url": "https://api.example.com/{{ x }}", "body": {"n": [0.1, None]}},
        ])  # fmt: skip
        return replace(Skillset(tenant_id, "skills", "Skills", abilities, 1, 2), **more)

    def test_read_back_and_are_replaced(self, table: Table, agent: Agent) -> None:
        skills = SkillsetRepository(table)
        skillset = self.skillset(agent.tenant_id)
        skills.put(skillset)
        assert skills.get(agent.tenant_id, "skills") == skillset
        skills.put(self.skillset(agent.tenant_id, abilities=(), name="None"))
        assert skills.get(agent.tenant_id, "skills") == self.skillset(agent.tenant_id, abilities=[], name="None")

    def test_belong_to_one_tenant_and_are_no_agents(self, table: Table, store: AgentRepository, agent: Agent) -> None:
        skills = SkillsetRepository(table)
        skills.put(self.skillset(agent.tenant_id))
        skills.put(self.skillset(agent.tenant_id, id="a"))
        assert skills.get("another-tenant", "skills") is None
        assert [one.id for one in skills.of_tenant(agent.tenant_id)] == ["a", "skills"]
        assert store.of_tenant(agent.tenant_id) == [agent]
