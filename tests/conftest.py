"""Fixtures that more than one rung of the tests stands on."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from local.emulator import Emulator
from tests.template.conftest import Stack, transformed

# How long an example takes says more about what else the machine is doing than about the code.
settings.register_profile("parlance", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parlance")


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    """An empty DynamoDB and S3 in memory: one emulator per test process, started when the first test asks."""
    with Emulator(services=["dynamodb", "s3"]) as emulator:
        yield emulator.endpoint


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Our template, as CloudFormation gets to see it."""
    return transformed()
