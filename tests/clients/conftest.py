"""Client libraries as their makers ship them, against the deployed stack."""

from dataclasses import dataclass

import pytest

from parlance.identity.keys import PLATFORM_PREFIX
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.local.cloud import LocalCloud
from tests.system.conftest import WIDE, build_house, cloud, deployment

__all__ = ["build_house", "cloud", "deployment"]


@dataclass(frozen=True)
class Account:
    """Where to call the platform dialect, and with what."""

    origin: str
    secret: str


@pytest.fixture(scope="session")
def account(cloud: LocalCloud, deployment: Deployment) -> Account:
    """A tenant of its own, with limits that no client meets."""
    tenant = operations.create_tenant(deployment, "Clients", limits=WIDE)
    issued = operations.create_key(deployment, tenant.id, "clients", prefix=PLATFORM_PREFIX)
    operations.create_agent(deployment, tenant.id, "Guide", agent_id="default")
    return Account(cloud.base_url, issued.secret)
