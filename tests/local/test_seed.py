"""Seeding may happen at every start: it adds what is missing and keeps what works."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.clients import emulator_session
from local.deploy import Deployment
from local.emulator import Emulator
from local.marks import Marks
from local.seed import DATASET, SECOND_TENANT, TENANT, seed
from local.settings import Settings
from parlance.knowledge.datasets import Dataset
from parlance_cli.deployment import Deployment as Operated
from parlance_cli.deployment import on_emulator
from tests.local.conftest import DEPLOYMENT


@dataclass(frozen=True)
class House:
    """Two empty tables and a place for the credentials."""

    deployment: Deployment
    settings: Settings

    def seed(self) -> dict[str, Any]:
        """Seed and read what was written down."""
        seed(self.deployment, self.settings)
        found: dict[str, Any] = json.loads(self.settings.credentials_file.read_text())
        return found

    @property
    def operated(self) -> Operated:
        return on_emulator(
            self.deployment.endpoint,
            conversations_table=self.deployment.conversations_table,
            identity_table=self.deployment.identity_table,
            base_url=self.settings.base_url,
            websocket_url=self.settings.websocket_url,
        )

    def docs(self) -> Dataset:
        found = self.operated.datasets.get(TENANT, DATASET)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with Emulator(services=["dynamodb", "ssm"]) as emulator:
        yield emulator.endpoint


@pytest.fixture
def house(endpoint: str, tmp_path: Path) -> Iterator[House]:
    dynamodb = emulator_session().client("dynamodb", endpoint_url=endpoint)
    deployment = replace(DEPLOYMENT, endpoint=endpoint)
    for table in (deployment.conversations_table, deployment.identity_table):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
    Marks(endpoint).write("docs", "none")
    yield House(deployment, Settings(port=8000, state_dir=tmp_path))
    for table in (deployment.conversations_table, deployment.identity_table):
        dynamodb.delete_table(TableName=table)


def test_two_tenants_that_share_nothing(house: House) -> None:
    found = house.seed()
    second = found["second_tenant"]
    assert (found["tenant_id"], second["tenant_id"]) == (TENANT, SECOND_TENANT)
    assert found["api_key"] != second["api_key"]
    assert found["chatbotkit_secret"].startswith("sk-")
    assert found["chatbotkit_secret"] != second["chatbotkit_secret"]
    assert {found["agent_id"], second["agent_id"]} == {"default"}
    assert house.operated.agents.get(SECOND_TENANT, "default") is not None
    assert house.operated.datasets.get(SECOND_TENANT, DATASET) is None


def test_the_credentials_are_for_their_owner_only(house: House) -> None:
    house.seed()
    assert house.settings.credentials_file.stat().st_mode & 0o077 == 0


def test_again_nothing_changes(house: House) -> None:
    first, docs = house.seed(), house.docs()
    assert house.seed() == first
    assert house.docs() == docs
    assert len(house.operated.tenants.keys(TENANT)) == 2


def test_another_port_changes_the_addresses_and_no_key(house: House) -> None:
    first = house.seed()
    moved = House(house.deployment, replace(house.settings, port=9000)).seed()
    assert moved["base_url"] == "http://localhost:9000"
    assert moved["api_key"] == first["api_key"]
    assert moved["chatbotkit_secret"] == first["chatbotkit_secret"]


@pytest.mark.parametrize("spoiled", ["", "[]", '{"api_key": 7}', '{"api_key": "pk_of-somebody", "second_tenant": 1}'])
def test_keys_that_do_not_work_are_replaced(house: House, spoiled: str) -> None:
    first = house.seed()
    house.settings.credentials_file.write_text(spoiled)
    second = house.seed()
    assert second["api_key"] != first["api_key"]
    assert len(house.operated.tenants.keys(TENANT)) == 4


def test_a_revoked_key_is_replaced(house: House) -> None:
    first = house.seed()
    for number, key in enumerate(house.operated.tenants.keys(TENANT)):
        house.operated.tenants.revoke_key(TENANT, key.id, now=1, token=f"once-{number}")
    second = house.seed()
    assert second["api_key"] != first["api_key"]
    assert second["chatbotkit_secret"] != first["chatbotkit_secret"]


def test_docs_are_read_again_only_when_they_have_changed(house: House) -> None:
    marks = Marks(house.deployment.endpoint)
    house.seed()
    assert house.docs().record_count > 0
    current = marks.read("docs")
    assert current != "none"
    marks.write("docs", "other docs")
    house.seed()
    assert marks.read("docs") == current
