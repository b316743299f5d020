"""AWS clients: each made when it is first needed, once per process, and impatient with a network that is gone.

None is made at import: a snapshot of the process may be restored many times, with other credentials each time.
"""

import threading
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3vectors import S3VectorsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# boto3's shared session must not make two clients at once.
_making = threading.Lock()
_POOL = 50


def _config(attempts: int) -> Config:
    return Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_POOL,
    )


@cache
def dynamodb() -> "DynamoDBClient":
    with _making:
        return boto3.client("dynamodb", config=_config(attempts=3))


@cache
def s3() -> "S3Client":
    with _making:
        return boto3.client("s3", config=_config(attempts=3))


@cache
def files() -> "S3Client":
    """For what it signs others need no credentials: a signature is good for the bucket's own region and host only."""
    signing = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        # A checksum would have to be known when the request is signed, before anybody has the bytes.
        request_checksum_calculation="when_required",
    )
    with _making:
        return boto3.client("s3", config=_config(attempts=3).merge(signing))


@cache
def s3vectors() -> "S3VectorsClient":
    with _making:
        return boto3.client("s3vectors", config=_config(attempts=3))


@cache
def embedding_runtime() -> "BedrockRuntimeClient":
    with _making:
        return boto3.client("bedrock-runtime", config=_config(attempts=4))


@cache
def secret(arn: str) -> str:
    """The text of a secret, read once per process."""
    with _making:
        client = boto3.client("secretsmanager", config=_config(attempts=3))
    return client.get_secret_value(SecretId=arn)["SecretString"]


@cache
def sqs() -> "SQSClient":
    with _making:
        return boto3.client("sqs", config=_config(attempts=3))


@cache
def secrets_manager() -> "SecretsManagerClient":
    with _making:
        return boto3.client("secretsmanager", config=_config(attempts=3))


@cache
def bedrock(region: str | None) -> "BedrockRuntimeClient":
    """Tries once: whoever calls a model knows whether it has said something yet."""
    with _making:
        return boto3.client("bedrock-runtime", region_name=region, config=_config(attempts=1))


@cache
def management(endpoint: str) -> "ApiGatewayManagementApiClient":
    """Tries once: a frame that is posted again after a time-out may arrive twice, so its sender decides."""
    with _making:
        return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_config(attempts=1))
