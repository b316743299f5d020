"""One cloud for all function tests; each test makes tenants of its own."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from local.emulator import Emulator, client_environment
from parlance.http.viewers import NO_FRONT_DOOR
from parlance.storage.table import Table
from tests.functions import kosmos
from tests.functions.cloud import Cloud
from tests.functions.gateway import FakeGateway
from tests.functions.platform import Account, an_account
from tests.functions.roles import Rehearsal, Roles
from tests.template.conftest import Stack

QUEUES = {"wakeups": "960", "sweeps": "960", "webhooks": "120", "indexing": "960", "errands": "960"}
"""Seconds for which each hides what was received."""

_EVERYTHING = "test_whatever_is_allowed_is_done_by_some_test"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks back at all function tests comes last, and only where all of them are run."""
    last = [item for item in items if item.name == _EVERYTHING]
    files = {item.path for item in items}
    selected = any(config.getoption(option) for option in ("keyword", "markexpr", "deselect", "lf"))
    if selected or not files.issuperset(Path(__file__).parent.glob("test_*.py")):
        for item in last:
            item.add_marker(pytest.mark.skip(reason="not all function tests are run"))
    items[:] = [item for item in items if item not in last] + last


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with Emulator(services=["dynamodb", "sqs", "s3", "secretsmanager", "kms"]) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def rehearsal(stack: Stack) -> Iterator[Rehearsal]:
    """Holds what the handlers ask of AWS against their roles."""
    rehearsal = Rehearsal(Roles(stack))
    with rehearsal.of(stack):
        yield rehearsal


@pytest.fixture(autouse=True)
def _every_call_is_allowed(rehearsal: Rehearsal) -> Iterator[None]:
    """Also where the code makes do without what it is refused."""
    yield
    refused, rehearsal.refused = rehearsal.refused, []
    assert refused == []


def _set_environment(patch: pytest.MonkeyPatch, queues: Mapping[str, str], gateway: FakeGateway) -> None:
    """What the template gives to the functions, for all of them at once."""
    for name, url in queues.items():
        patch.setenv(f"{name.upper()}_QUEUE_URL", url)
    for name in ("EMBEDDING_PROVIDER", "EMBEDDING_MODEL", "EMBEDDING_URL", "EMBEDDING_SECRET", "VECTORS_BUCKET"):
        patch.setenv(name, "none")
    patch.setenv("CONVERSATIONS_TABLE", "conversations")
    patch.setenv("IDENTITY_TABLE", "identity")
    patch.setenv("SNAPSHOTS_BUCKET", "snapshots")
    patch.setenv("FILES_BUCKET", "files")
    patch.setenv("ORIGIN_SECRET", NO_FRONT_DOOR)
    patch.setenv("WEBSOCKET_ENDPOINT", gateway.endpoint)
    patch.setenv("SECRETS_PREFIX", "parlance/test")
    patch.setenv("PRIVATE_MODEL_HOSTS", "127.0.0.1")
    patch.setenv("PRIVATE_WEBHOOK_HOSTS", "127.0.0.1")
    patch.setenv("MODEL_PRICES", '{"extractive": {"input": 1000000, "output": 1000000, "max_output": 1000}}')
    for name, value in kosmos.environment().items():
        patch.setenv(name, value)


@pytest.fixture(scope="session")
def cloud(_emulator: Emulator, rehearsal: Rehearsal) -> Iterator[Cloud]:
    """The functions, wired by their own settings to an emulator and a gateway."""
    patch = pytest.MonkeyPatch()
    environment = client_environment(_emulator.endpoint)
    for name in set(os.environ) - set(environment):
        patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)
    rehearsal.listen()
    dynamodb, sqs, s3 = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("s3")
    for name in ("conversations", "identity"):
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
    queues = {
        name: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": seconds})["QueueUrl"]
        for name, seconds in QUEUES.items()
    }
    for bucket in ("snapshots", "files"):
        s3.create_bucket(Bucket=bucket)
    with FakeGateway().serving() as gateway:
        _set_environment(patch, queues, gateway)
        yield Cloud(
            Table(dynamodb, "conversations"),
            Table(dynamodb, "identity"),
            sqs,
            s3,
            queues["wakeups"],
            queues["sweeps"],
            queues["indexing"],
            queues["errands"],
            gateway,
        )
    patch.undo()
    for client in (dynamodb, sqs, s3):
        client.close()


@pytest.fixture
def account(cloud: Cloud) -> Account:
    """An account of the platform dialect; modules whose tests can share one have one of their own."""
    return an_account(cloud)


@pytest.fixture(scope="module")
def identity(cloud: Cloud) -> kosmos.Identity:
    """A tenant of the identity dialect."""
    return kosmos.Identity(cloud)
