"""What a call of the AWS SDK needs to be allowed: actions of IAM, each on a resource.

Sources: the Service Authorization Reference for actions and resources; for transactions, the actions of their parts,
the DynamoDB Developer Guide, "Using IAM with DynamoDB transactions".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REGION, ACCOUNT = "us-east-1", "000000000000"


@dataclass(frozen=True)
class Ask:
    """One action on one resource; of a table also the partition keys, where the call names them."""

    action: str
    resource: str
    leading_keys: frozenset[str] | None = None


Params = Mapping[str, Any]


def asks_of(service: str, operation: str, params: Params) -> list[Ask]:
    """Raises KeyError for a service or an operation of which is not known yet what it needs."""
    return list(_SERVICES[service](operation, params))


def _dynamodb(operation: str, params: Params) -> Iterator[Ask]:
    match operation:
        case "TransactWriteItems" | "TransactGetItems":
            for part in params["TransactItems"]:
                ((name, what),) = part.items()
                # Put, Update, Delete, Get and ConditionCheck: the names of the single actions without their end.
                yield from _dynamodb(f"{name}Item", what)
        case "BatchGetItem" | "BatchWriteItem":
            for table in params["RequestItems"]:
                yield Ask(f"dynamodb:{operation}", _table(table))
        case _:
            key = params.get("Key") or params.get("Item")
            leading = frozenset({key["pk"]["S"]}) if key else None
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield Ask(f"dynamodb:{operation}", _table(params["TableName"]) + index, leading)


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _sqs(operation: str, params: Params) -> Iterator[Ask]:
    queue = params["QueueUrl"].rsplit("/", 1)[-1]
    yield Ask(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")


def _s3(operation: str, params: Params) -> Iterator[Ask]:
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    if operation == "DeleteObjects":
        for one in params["Delete"]["Objects"]:
            yield Ask("s3:DeleteObject", f"{bucket}/{one['Key']}")
        return
    action = _OF_S3[operation]
    yield Ask(f"s3:{action}", bucket if action == "ListBucket" else f"{bucket}/{params['Key']}")
    if operation == "CopyObject":
        source = params["CopySource"]
        yield Ask("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}")


_OF_S3 = {
    **dict.fromkeys(("GetObject", "HeadObject"), "GetObject"),
    **dict.fromkeys(("ListObjectsV2", "HeadBucket"), "ListBucket"),
    **dict.fromkeys(("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart"), "PutObject"),
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "DeleteObject": "DeleteObject",
}


def _secretsmanager(operation: str, params: Params) -> Iterator[Ask]:
    secret = params["SecretId"]
    arn = secret if secret.startswith("arn:") else f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}"
    yield Ask(f"secretsmanager:{operation}", arn)


def _kms(operation: str, params: Params) -> Iterator[Ask]:
    key = params["KeyId"]
    yield Ask(f"kms:{operation}", key if key.startswith("arn:") else f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}")


def _connections(operation: str, params: Params) -> Iterator[Ask]:
    method = {"PostToConnection": "POST", "GetConnection": "GET", "DeleteConnection": "DELETE"}[operation]
    api = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:WebSocketApi/test"
    yield Ask("execute-api:ManageConnections", f"{api}/{method}/@connections/{params['ConnectionId']}")


_SERVICES: Mapping[str, Callable[[str, Params], Iterator[Ask]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "kms": _kms,
    "apigatewaymanagementapi": _connections,
}
