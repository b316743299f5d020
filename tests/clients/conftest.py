"""The deployed stack and a tenant in it whose limits no client meets."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from parlance.identity.keys import PLATFORM_PREFIX
from parlance.identity.model import Limits
from parlance_cli import operations
from parlance_cli.deployment import local_deployment
from tests.local.cloud import LocalCloud


@dataclass(frozen=True)
class Account:
    """Where to call, and with what."""

    origin: str
    secret: str


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    cloud = LocalCloud.start(tmp_path_factory.mktemp("cloud"))
    deployment = local_deployment(cloud.state_dir)
    tenant = operations.create_tenant(deployment, "Clients", limits=Limits(rest_per_minute=1_000_000))
    issued = operations.create_key(deployment, tenant.id, "clients", prefix=PLATFORM_PREFIX)
    operations.create_agent(deployment, tenant.id, "Guide", agent_id="default")
    yield Account(cloud.base_url, issued.secret)
    assert not cloud.stop()
