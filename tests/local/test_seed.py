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
from parlance_cli import operations
from parlance_cli.deployment import Deployment as Operated
from parlance_cli.deployment import on_emulator
from parlance_cli.identity import operations as identity
from tests.local.conftest import DEPLOYMENT

SECRETS = ("api_key", "license_key", "service_key", "user_token")


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
            secrets_prefix=self.deployment.secrets_prefix,
            indexing_queue_url=self.deployment.indexing_queue_url,
            snapshots_bucket=self.deployment.snapshots_bucket,
            vault_key=self.deployment.vault_key,
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


@pytest.mark.parametrize(
    "spoiled",
    [
        "",
        "[]",
        '{"api_key": 7, "license_key": 7, "service_key": 7, "user_token": 7}',
        '{"api_key": "pk_of-somebody", "license_key": "lk_of-somebody", "user_token": "a.b.c", "second_tenant": 1}',
        '{"service_key": {"keyId": "k", "keySecret": "s"}}',
    ],
)
def test_keys_that_do_not_work_are_replaced(house: House, spoiled: str) -> None:
    first = house.seed()
    house.settings.credentials_file.write_text(spoiled)
    second = house.seed()
    for name in SECRETS:
        assert second[name] != first[name]
    assert len(house.operated.tenants.keys(TENANT)) == 4
    assert set(second) == set(first)


def test_what_callers_of_the_identity_dialect_need(house: House) -> None:
    found = house.seed()
    for known in (found, found["second_tenant"]):
        tenant = known["tenant_id"]
        held = identity.licenses_of(house.operated).verify(known["license_key"])
        assert (held.tenant_id, held.auth_level) == (tenant, "system")
        pair = known["service_key"]
        key = identity.service_keys_of(house.operated).verify(pair["keyId"], pair["keySecret"])
        assert (key.tenant_id, key.type) == (tenant, "ecdsa")
        verified = identity.verify_token(house.operated, known["user_token"])
        assert (verified.account.tenant_id, verified.account.username) == (tenant, "Demo user")
        assert known["server_public_key"] == DEPLOYMENT.server_public_key


def test_a_key_of_the_other_tenant_is_not_kept(house: House) -> None:
    first = house.seed()
    house.settings.credentials_file.write_text(json.dumps(first["second_tenant"] | {"second_tenant": first}))
    second = house.seed()
    for name in SECRETS:
        assert second[name] not in (first[name], first["second_tenant"][name])


def test_credentials_that_were_taken_back_are_replaced(house: House) -> None:
    first = house.seed()
    operated = house.operated
    [held] = identity.list_licenses(operated, TENANT)
    identity.revoke_license(operated, TENANT, held.id)
    identity.reset_service_key(operated, TENANT, first["service_key"]["keyId"])
    identity.disable_user(operated, TENANT, "demo-user")
    second = house.seed()
    assert all(second[name] != first[name] for name in ("license_key", "service_key", "user_token"))
    assert identity.verify_token(operated, second["user_token"]).account.active
    assert second["second_tenant"] == first["second_tenant"]


def test_a_license_without_the_level_is_replaced(house: House) -> None:
    house.seed()
    weak = identity.create_license(house.operated, TENANT, "weak", "user").text
    house.settings.credentials_file.write_text(json.dumps({"license_key": weak}))
    assert house.seed()["license_key"] != weak


def test_a_token_is_renewed_before_it_expires(house: House) -> None:
    house.seed()
    short = identity.sign_token(house.operated, TENANT, "demo-user", seconds=6 * 24 * 3600)
    house.settings.credentials_file.write_text(json.dumps({"user_token": short}))
    renewed = house.seed()["user_token"]
    assert renewed != short
    assert house.seed()["user_token"] == renewed


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


def test_keys_for_pages_and_operators_are_kept_while_they_work(house: House) -> None:
    first = house.seed()
    assert first["widget_key"].startswith("wk_")
    assert first["admin_key"].startswith("ak_")
    assert first["second_tenant"]["widget_key"] != first["widget_key"]
    assert house.seed() == first
    (key,) = operations.list_widget_keys(house.operated, TENANT)
    assert key.origins == ("http://localhost:*", "http://127.0.0.1:*")
    operations.revoke_widget_key(house.operated, TENANT, key.id)
    again = house.seed()
    assert again["widget_key"] != first["widget_key"]
    assert again["admin_key"] == first["admin_key"]
