"""What the health check asks of AWS: the cheapest call that shows that each dependency answers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from parlance.storage import keys

# Each gives up before the check's own bound, so that no call outlives an answer for long.
_CONFIG = Config(connect_timeout=1, read_timeout=1.5, retries={"total_max_attempts": 1})


def checks(
    *, conversations_table: str, identity_table: str, wakeups_queue_url: str, server_keys_secret: str
) -> Mapping[str, Callable[[], None]]:
    """By the name under which a failure is told. Each raises what the SDK raises."""
    dynamodb: Any = boto3.client("dynamodb", config=_CONFIG)
    sqs: Any = boto3.client("sqs", config=_CONFIG)
    secrets: Any = boto3.client("secretsmanager", config=_CONFIG)
    nothing = {"pk": {"S": keys.HEALTH_PK}, "sk": {"S": keys.HEALTH_PK}}
    asked = {
        "conversations": partial(dynamodb.get_item, TableName=conversations_table, Key=nothing),
        "identity": partial(dynamodb.get_item, TableName=identity_table, Key=nothing),
        "queue": partial(sqs.get_queue_attributes, QueueUrl=wakeups_queue_url, AttributeNames=["QueueArn"]),
        "server keys": partial(secrets.describe_secret, SecretId=server_keys_secret),
    }
    return {name: partial(_asked, call) for name, call in asked.items()}


def _asked(call: Callable[[], object]) -> None:
    call()
