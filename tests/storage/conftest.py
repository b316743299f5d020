"""Empty tables for each module, on the emulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from parlance.storage.table import Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def table(dynamodb_endpoint: str) -> Iterator[Table]:
    with _new_table(dynamodb_endpoint) as new:
        yield new


@pytest.fixture(scope="module")
def identity_table(dynamodb_endpoint: str) -> Iterator[Table]:
    """The other one; where keys do not overlap, one may stand for both."""
    with _new_table(dynamodb_endpoint) as new:
        yield new


@contextmanager
def _new_table(dynamodb_endpoint: str) -> Iterator[Table]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=dynamodb_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    name = f"test-{uuid4().hex}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    yield Table(client, name)
    client.delete_table(TableName=name)
    client.close()


@pytest.fixture(scope="module")
def s3(dynamodb_endpoint: str) -> Iterator["S3Client"]:
    client = boto3.client(
        "s3",
        endpoint_url=dynamodb_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    """An empty one."""
    name = f"test-{uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name
