"""Agents on the table."""

from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.agents.definitions import Agent
from parlance.errors import ConflictError
from parlance.storage import keys
from parlance.storage.agents import AgentRepository
from parlance.storage.table import Table

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
