"""The operations of the command line, on the tables and on the fakes that stand in for them."""

from pathlib import Path
from uuid import uuid4

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import Deployment, on_tables
from tests.fakes.secrets import KnownSecrets
from tests.unit.cli.fakes import memory_deployment

pytestmark = pytest.mark.storage


@pytest.fixture(params=["tables", "memory"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "memory":
        return memory_deployment()
    table = request.getfixturevalue("table")
    # Their keys do not overlap, so one table can be both.
    return on_tables(
        table, table, KnownSecrets({}), base_url="http://localhost:8000", websocket_url="ws://localhost:8000/ws/chat"
    )


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
