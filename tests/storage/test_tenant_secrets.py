"""Tenants' secrets in Secrets Manager, on the emulator, and beside it the fake that other tests use."""

from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from parlance.agents.secrets import CachedSecrets, SecretMissingError, SecretStore
from parlance.storage.secrets import SecretsManager
from tests.fakes.clock import ManualClock
from tests.fakes.secrets import KnownSecrets

pytestmark = pytest.mark.storage


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with Emulator(services=["secretsmanager"]) as emulator:
        yield emulator.endpoint


@pytest.fixture(params=["secrets manager", "fake"])
def store(request: pytest.FixtureRequest, endpoint: str) -> Iterator[SecretStore]:
    if request.param == "fake":
        yield KnownSecrets({})
        return
    client = boto3.client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    yield SecretsManager(lambda: client, f"parlance/{uuid4().hex}")
    client.close()


def test_a_secret_is_set_replaced_and_removed(store: SecretStore) -> None:
    store.set("acme", "openai", "first")
    assert store.get("acme", "openai") == "first"
    store.set("acme", "openai", "second")
    assert store.get("acme", "openai") == "second"
    store.remove("acme", "openai")
    with pytest.raises(SecretMissingError):
        store.get("acme", "openai")
    store.set("acme", "openai", "third")
    assert store.get("acme", "openai") == "third"


def test_a_secret_belongs_to_one_tenant(store: SecretStore) -> None:
    store.set("acme", "openai", "ours")
    store.set("acme", "weather", "ours too")
    store.set("acme-2", "openai", "theirs")
    assert store.names("acme") == ["openai", "weather"]
    assert store.get("acme-2", "openai") == "theirs"
    assert store.names("nobody") == []
    with pytest.raises(SecretMissingError):
        store.get("nobody", "openai")


@pytest.mark.parametrize("name", ["../acme-2/openai", "a/b", "", "*", "x" * 65, "a b", "arn:aws:secretsmanager:x"])
def test_a_name_that_cannot_be_one_reaches_nothing(store: SecretStore, name: str) -> None:
    with pytest.raises(SecretMissingError):
        store.get("acme", name)
    with pytest.raises(SecretMissingError):
        store.set("acme", name, "x")


def test_what_was_never_set_cannot_be_removed(store: SecretStore) -> None:
    with pytest.raises(SecretMissingError):
        store.remove("acme", "never-set")


def test_a_refusal_of_the_store_is_not_taken_for_a_missing_secret() -> None:
    class Closed:
        def get_secret_value(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")

    with pytest.raises(ClientError):
        SecretsManager(Closed, "parlance/x").get("acme", "openai")  # type: ignore[arg-type]


def test_a_secret_is_asked_for_again_after_five_minutes() -> None:
    clock, store = ManualClock(), KnownSecrets({("acme", "openai"): "first"})
    secrets = CachedSecrets(store, clock)
    assert secrets.get("acme", "openai") == "first"
    store.set("acme", "openai", "second")
    clock.advance(299)
    assert secrets.get("acme", "openai") == "first"
    clock.advance(1)
    assert secrets.get("acme", "openai") == "second"
    with pytest.raises(SecretMissingError):
        secrets.get("acme", "../x")
    assert store.asked == [("acme", "openai")] * 2
