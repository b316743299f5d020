"""The operations of the command line and the demo's seeding, on the tables and on the fakes that stand in for them."""

import dataclasses
import json
from pathlib import Path
from uuid import uuid4

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import Deployment, on_tables
from parlance_cli.seed import DATASET_ID, DemoCredentials, seed_demo
from tests.unit.cli.fakes import memory_deployment

pytestmark = pytest.mark.storage


@pytest.fixture(params=["tables", "memory"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "memory":
        return memory_deployment()
    table = request.getfixturevalue("table")
    # Their keys do not overlap, so one table can be both.
    return on_tables(table, table, base_url="http://localhost:8000", websocket_url="ws://localhost:8000/ws/chat")


@pytest.fixture
def tenant(deployment: Deployment) -> str:
    return operations.create_tenant(deployment, "Acme", tenant_id=f"acme-{uuid4().hex[:8]}").id


@pytest.fixture
def documents(tmp_path: Path) -> list[Path]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "README.md").write_text("# Parlance\n\nRun it with make run.\n")
    (docs / "README.md").write_text("# Documentation\n\nStart with the tour.\n")
    return [tmp_path / "README.md", docs / "README.md"]


def principal_of(deployment: Deployment, key: str) -> str:
    return Authenticator(deployment.tenants, deployment.clock).authenticate(key).tenant_id


def test_tenants(deployment: Deployment) -> None:
    made = operations.create_tenant(deployment, "Acme", limits=Limits(1, 2, 3))
    assert deployment.tenants.tenant(made.id) == made
    assert made in operations.list_tenants(deployment)
    with pytest.raises(ConflictError):
        operations.create_tenant(deployment, "Again", tenant_id=made.id)
    with pytest.raises(InvalidInputError):
        operations.create_tenant(deployment, "Odd", tenant_id="a#b")


def test_keys(deployment: Deployment, tenant: str) -> None:
    issued = operations.create_key(deployment, tenant, "laptop")
    assert principal_of(deployment, issued.secret) == tenant
    assert operations.list_keys(deployment, tenant) == [issued.key]
    revoked = operations.revoke_key(deployment, tenant, issued.key.id)
    assert revoked.revoked_at is not None
    assert operations.revoke_key(deployment, tenant, issued.key.id) == revoked
    with pytest.raises(UnauthenticatedError):
        principal_of(deployment, issued.secret)
    with pytest.raises(NotFoundError, match="Key"):
        operations.revoke_key(deployment, tenant, "key_none")


def test_agents(deployment: Deployment, tenant: str) -> None:
    dataset = operations.create_dataset(deployment, tenant, "Docs", dataset_id="docs")
    made = operations.create_agent(
        deployment, tenant, "Guide", agent_id="guide", settings={"pace": 0.5, "deep": [1, None]}, dataset_id=dataset.id
    )
    assert operations.list_agents(deployment, tenant) == [made]
    with pytest.raises(ConflictError):
        operations.create_agent(deployment, tenant, "Again", agent_id="guide")
    with pytest.raises(NotFoundError, match="Dataset"):
        operations.create_agent(deployment, tenant, "Guide", dataset_id="none")
    with pytest.raises(InvalidInputError):
        operations.create_agent(deployment, tenant, "Guide", agent_id="")


def test_datasets(deployment: Deployment, tenant: str, documents: list[Path]) -> None:
    made = operations.create_dataset(deployment, tenant, "Docs", dataset_id="docs", description="All of them")
    assert operations.list_datasets(deployment, tenant) == [made]
    with pytest.raises(ConflictError):
        operations.create_dataset(deployment, tenant, "Docs", dataset_id="docs")
    report = operations.import_dataset(deployment, tenant, "docs", documents[0].parent)
    assert report.passages == 2
    [hit] = operations.search_dataset(deployment, tenant, "docs", "make run")
    assert hit.record.source == "README.md"
    with pytest.raises(NotFoundError, match="Dataset"):
        operations.search_dataset(deployment, tenant, "none", "x")


def test_nothing_belongs_to_a_tenant_that_is_not_there(deployment: Deployment) -> None:
    for call in (operations.list_keys, operations.list_agents, operations.list_datasets):
        with pytest.raises(NotFoundError, match="Tenant"):
            call(deployment, "nobody")


class TestSeed:
    """The demo tenants have ids of their own, so every test seeds the same ones."""

    @staticmethod
    def held(deployment: Deployment, demo: DemoCredentials) -> set[str]:
        records = deployment.datasets.records(demo.tenant.tenant_id, DATASET_ID)
        return {record.source for record in records}

    def test_everything_is_there(self, deployment: Deployment, documents: list[Path]) -> None:
        demo = seed_demo(deployment, documents=documents)
        for one in (demo.tenant, demo.second_tenant):
            assert principal_of(deployment, one.api_key) == one.tenant_id
            agent = deployment.agents.get(one.tenant_id, one.agent_id)
            assert agent is not None
            assert (agent.id, agent.model, agent.dataset_id) == ("default", "extractive", DATASET_ID)
            assert operations.search_dataset(deployment, one.tenant_id, DATASET_ID, "make run")
        assert self.held(deployment, demo) == {"README.md", "docs/README.md"}

    def test_seeding_again_changes_nothing(self, deployment: Deployment, documents: list[Path]) -> None:
        first = seed_demo(deployment, documents=documents)
        before = deployment.datasets.get(first.tenant.tenant_id, DATASET_ID)
        again = seed_demo(deployment, documents=documents, existing=first.as_dict())
        assert again == first
        assert deployment.datasets.get(first.tenant.tenant_id, DATASET_ID) == before

    def test_changed_documents_replace_the_old_ones(self, deployment: Deployment, documents: list[Path]) -> None:
        demo = seed_demo(deployment, documents=documents)
        documents[0].write_text("# Parlance\n\nStop it with Control and C.\n")
        documents.pop().unlink()
        seed_demo(deployment, documents=documents, existing=demo.as_dict())
        assert self.held(deployment, demo) == {"README.md"}
        assert operations.search_dataset(deployment, demo.tenant.tenant_id, DATASET_ID, "control")
        assert not operations.search_dataset(deployment, demo.tenant.tenant_id, DATASET_ID, "make run")

    def test_only_good_keys_are_kept(self, deployment: Deployment, documents: list[Path]) -> None:
        demo = seed_demo(deployment, documents=documents)
        swapped = demo.as_dict() | {"api_key": demo.second_tenant.api_key, "second_tenant": {"api_key": "nonsense"}}
        again = seed_demo(deployment, documents=documents, existing=swapped)
        assert len({demo.tenant.api_key, demo.second_tenant.api_key} & {again.tenant.api_key}) == 0
        assert principal_of(deployment, again.tenant.api_key) == demo.tenant.tenant_id
        assert principal_of(deployment, again.second_tenant.api_key) == demo.second_tenant.tenant_id

    def test_a_revoked_key_is_not_kept(self, deployment: Deployment, documents: list[Path]) -> None:
        demo = seed_demo(deployment, documents=documents)
        for key in operations.list_keys(deployment, demo.tenant.tenant_id):
            operations.revoke_key(deployment, demo.tenant.tenant_id, key.id)
        again = seed_demo(deployment, documents=documents, existing=demo.as_dict())
        assert principal_of(deployment, again.tenant.api_key) == demo.tenant.tenant_id

    def test_as_credentials(self, deployment: Deployment, documents: list[Path]) -> None:
        demo = seed_demo(deployment, documents=documents)
        assert json.loads(json.dumps(demo.as_dict())) == {
            "base_url": "http://localhost:8000",
            "websocket_url": "ws://localhost:8000/ws/chat",
            **dataclasses.asdict(demo.tenant),
            "second_tenant": {
                "base_url": "http://localhost:8000",
                "websocket_url": "ws://localhost:8000/ws/chat",
                **dataclasses.asdict(demo.second_tenant),
            },
        }
        assert demo.tenant.api_key not in repr(demo)
