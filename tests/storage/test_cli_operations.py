"""The operations of the command line, on the tables and on the fakes that stand in for them."""

from pathlib import Path
from uuid import uuid4

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Limits
from parlance.identity.vault import LocalVault
from parlance_cli import operations
from parlance_cli.deployment import Deployment, on_tables
from parlance_cli.identity import operations as identity
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
        table,
        table,
        LocalVault(bytes(32)),
        KnownSecrets({}),
        base_url="http://localhost:8000",
        websocket_url="ws://localhost:8000/ws/chat",
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


def test_licenses_and_service_keys(deployment: Deployment, tenant: str) -> None:
    issued = identity.create_license(deployment, tenant, "backend", "system")
    assert identity.list_licenses(deployment, tenant) == [issued.license]
    assert identity.revoke_license(deployment, tenant, issued.license.id).revoked_at is not None
    made = identity.create_service_key(deployment, tenant, "hawk", "shop")
    assert identity.list_service_keys(deployment, tenant) == [made]
    again = identity.reset_service_key(deployment, tenant, made.key_id)
    assert identity.list_service_keys(deployment, tenant) == [again]
    with pytest.raises(NotFoundError, match="Service key"):
        identity.reset_service_key(deployment, tenant, made.key_id)


def test_a_user_signs_in_and_out(deployment: Deployment, tenant: str) -> None:
    account = identity.create_user(deployment, tenant, "Ann", user_id="ann")
    assert identity.list_users(deployment, tenant) == [account]
    issuer = identity.add_secret_issuer(deployment, tenant, "https://login.example", "chat").issuer
    assert identity.list_issuers(deployment, tenant) == [issuer]
    token = identity.sign_token(deployment, tenant, "ann", seconds=60)
    verified = identity.verify_token(deployment, token)
    assert verified.account == account
    assert identity.list_login_sessions(deployment, tenant, "ann") == [verified.session]
    identity.end_login_sessions(deployment, tenant, "ann")
    with pytest.raises(UnauthenticatedError):
        identity.verify_token(deployment, token)
    assert not identity.disable_user(deployment, tenant, "ann").active
    assert identity.enable_user(deployment, tenant, "ann").active
    identity.remove_issuer(deployment, tenant, issuer.url)
    with pytest.raises(InvalidInputError):
        identity.sign_token(deployment, tenant, "ann", seconds=60)


def test_nothing_belongs_to_a_tenant_that_is_not_there(deployment: Deployment) -> None:
    lists = [operations.list_keys, operations.list_agents, operations.list_datasets]
    lists += [identity.list_licenses, identity.list_service_keys, identity.list_users, identity.list_issuers]
    for call in lists:
        with pytest.raises(NotFoundError, match="Tenant"):
            call(deployment, "nobody")
