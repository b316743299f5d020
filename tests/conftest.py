"""Fixtures that more than one rung of the tests stands on."""

from collections.abc import Iterator

import pytest

from local.emulator import Emulator


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    """An empty DynamoDB in memory: one emulator per test process, started when the first test asks."""
    with Emulator(services=["dynamodb"]) as emulator:
        yield emulator.endpoint
