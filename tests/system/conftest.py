"""The deployed stack, once for all tests of this rung."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.clients import emulator_session
from local.deploy import STACK
from parlance.identity.model import Limits
from parlance.storage.table import Table
from parlance_cli import operations
from parlance_cli.deployment import Deployment, local_deployment
from parlance_cli.identity import operations as identity
from tests.local.cloud import LocalCloud
from tests.system.client import House
from tests.system.kosmos import Tenancy

WIDE = Limits(rest_per_minute=1_000_000, messages_per_second=1_000, connections=200)
"""For tests that are not about limits."""

SENTENCE = "Lanterns of the harbour burn whale oil until the keeper rows across and trims every wick by hand. "
QUESTION = "Who trims the lanterns of the harbour?"
"""What the slow agent can answer, at length."""


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud with state of its own; the build is shared with every other run from this tree."""
    cloud = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    yield cloud
    errors = cloud.stop()
    assert not errors, errors
    assert cloud.process.returncode == 0


@pytest.fixture
def anyio_backend() -> str:
    """What tests marked `anyio` run on."""
    return "asyncio"


@pytest.fixture(scope="session")
def deployment(cloud: LocalCloud) -> Deployment:
    """The running stack as its operators see it."""
    return local_deployment(cloud.state_dir)


@dataclass(frozen=True)
class Tables:
    """The tables of the running stack, for what no API shows."""

    conversations: Table
    identity: Table


@pytest.fixture(scope="session")
def tables(cloud: LocalCloud) -> Tables:
    session = emulator_session()
    stacks = session.client("cloudformation", endpoint_url=cloud.aws_endpoint).describe_stacks(StackName=STACK)
    names = {output["OutputKey"]: output["OutputValue"] for output in stacks["Stacks"][0]["Outputs"]}
    client = session.client("dynamodb", endpoint_url=cloud.aws_endpoint)
    return Tables(Table(client, names["ConversationsTable"]), Table(client, names["IdentityTable"]))


@pytest.fixture(scope="session")
def build_house(cloud: LocalCloud, deployment: Deployment) -> Callable[..., House]:
    """Makes tenants with a key and a default agent that has nothing to look up and says so in one sentence."""

    def build(*, limits: Limits = WIDE, settings: dict[str, Any] | None = None, dataset: bool = False) -> House:
        tenant = operations.create_tenant(deployment, "Test", tenant_id=f"t-{uuid4().hex[:12]}", limits=limits)
        issued = operations.create_key(deployment, tenant.id, "test")
        dataset_id = "harbour" if dataset else None
        if dataset_id:
            operations.create_dataset(deployment, tenant.id, "Harbour", dataset_id=dataset_id)
            operations.import_dataset(deployment, tenant.id, dataset_id, harbour)
        operations.create_agent(
            deployment, tenant.id, "Guide", agent_id="default", settings=settings, dataset_id=dataset_id
        )
        return House(cloud.base_url, cloud.websocket_url, tenant.id, issued.key.id, issued.secret)

    harbour = Path(cloud.state_dir / "harbour.md")
    harbour.write_text(f"# The harbour\n\n{SENTENCE * 6}\n")
    return build


@pytest.fixture
def house(build_house: Callable[..., House]) -> House:
    """A tenant of the test's own, whose limits it will not meet."""
    return build_house()


@pytest.fixture(scope="session")
def build_tenancy(deployment: Deployment, build_house: Callable[..., House]) -> Callable[..., Tenancy]:
    """Makes tenants with all that callers of the identity dialect can show, and one user who may chat."""

    def build(**house: Any) -> Tenancy:
        base = build_house(**house)
        key = identity.create_service_key(deployment, base.tenant_id, "ecdsa", "tests")
        issuer = identity.add_secret_issuer(deployment, base.tenant_id, f"urn:tests:{base.tenant_id}", "parlance")
        account = identity.create_user(deployment, base.tenant_id, "Ada", user_id="ada", community_id="harbour")
        return Tenancy(
            house=base,
            system_license=identity.create_license(deployment, base.tenant_id, "tests", "system").text,
            user_license=identity.create_license(deployment, base.tenant_id, "tests", "user").text,
            key_id=key.key_id,
            key_secret=key.secret,
            issuer=issuer.issuer.url,
            issuer_secret=issuer.secret,
            user_id=account.id,
            username=account.username,
            community_id=account.community_id,
        )

    return build


@pytest.fixture
def tenancy(build_tenancy: Callable[..., Tenancy]) -> Tenancy:
    """A tenant of the test's own."""
    return build_tenancy()
