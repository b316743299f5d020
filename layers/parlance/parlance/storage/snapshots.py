"""Snapshots of datasets in a bucket. The tenant and the dataset are part of every key, and a key is used once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.snapshots import SnapshotStoreError
from parlance.storage.keys import padded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_YOUNG_SECONDS = 3_600
"""Longer than any builder runs: an object this old that is not published never will be."""

# Whoever may not list a bucket is told that access is denied to what is not there.
_MISSING = {"NoSuchKey", "404", "AccessDenied"}


class S3SnapshotStore:
    """`parlance.knowledge.snapshots.SnapshotStore`. The client is made when it is first needed."""

    def __init__(self, client: "Callable[[], S3Client]", bucket: str, clock: Clock, ids: IdSource) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        self._ids = ids

    def put(self, dataset: Dataset, data: bytes) -> str:
        key = f"{_prefix(dataset.tenant_id, dataset.id)}{padded(dataset.version)}-{self._ids.random()}"
        with _named_failures():
            self._client().put_object(Bucket=self._bucket, Key=key, Body=data)
        return key

    def get(self, key: str) -> bytes | None:
        with _named_failures():
            try:
                return self._client().get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    return None
                raise

    def remove(self, key: str) -> None:
        with _named_failures():
            self._client().delete_object(Bucket=self._bucket, Key=key)

    def sweep(self, tenant_id: str, dataset_id: str, *, keep: str | None) -> None:
        now = datetime.fromtimestamp(self._clock.now() / 1000, UTC)
        with _named_failures():
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=_prefix(tenant_id, dataset_id)):
                for found in page.get("Contents", []):
                    is_old = (now - found["LastModified"]).total_seconds() > _YOUNG_SECONDS
                    if found["Key"] != keep and (is_old or keep is None):
                        self._client().delete_object(Bucket=self._bucket, Key=found["Key"])


def _prefix(tenant_id: str, dataset_id: str) -> str:
    """Ends where the dataset's name does, so that no other's begins with it."""
    return f"snapshots/{quote(tenant_id, safe='')}/{quote(dataset_id, safe='')}/"


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise SnapshotStoreError(type(error).__name__) from error
