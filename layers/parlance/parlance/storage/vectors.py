"""Vectors in S3 Vectors: one index for each dataset and embedding model, so that a query cannot see another's.

Limits by the service's documentation: 500 vectors in a PutVectors or DeleteVectors call, 100 results of QueryVectors,
index names of 3 to 63 lower-case letters, digits, hyphens and dots.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from parlance.knowledge.datasets import Dataset
from parlance.knowledge.semantics import VectorStoreError
from parlance.knowledge.vectors import Vector

if TYPE_CHECKING:
    from mypy_boto3_s3vectors import S3VectorsClient

_MAX_WRITTEN, _MAX_FOUND = 500, 100


class S3VectorStore:
    """`parlance.knowledge.semantics.VectorStore` in one vector bucket, named by its ARN."""

    def __init__(self, client: "Callable[[], S3VectorsClient]", bucket_arn: str) -> None:
        self._client = client
        self._bucket = bucket_arn

    def put(self, dataset: Dataset, model: str, vectors: Mapping[str, Vector]) -> None:
        if not vectors:
            return
        index = _index_name(dataset, model)
        with _named_failures():
            self._create(index, dimension=len(next(iter(vectors.values()))))
            for some in batched(vectors.items(), _MAX_WRITTEN, strict=False):
                self._client().put_vectors(
                    indexArn=self._arn(index),
                    vectors=[{"key": record_id, "data": {"float32": list(vector)}} for record_id, vector in some],
                )

    def nearest(self, dataset: Dataset, model: str, vector: Vector, limit: int) -> Mapping[str, float]:
        with _named_failures():
            try:
                answer = self._client().query_vectors(
                    indexArn=self._arn(_index_name(dataset, model)),
                    topK=min(limit, _MAX_FOUND),
                    queryVector={"float32": list(vector)},
                    returnDistance=True,
                )
            except ClientError as error:
                if _is_missing(error):
                    return {}
                raise
        return {found["key"]: 1 - found["distance"] for found in answer["vectors"]}

    def keep(self, dataset: Dataset, model: str, record_ids: Iterable[str]) -> None:
        index, kept = self._arn(_index_name(dataset, model)), frozenset(record_ids)
        with _named_failures():
            try:
                gone = [key for key in self._keys(index) if key not in kept]
            except ClientError as error:
                if _is_missing(error):
                    return
                raise
            for some in batched(gone, _MAX_WRITTEN, strict=False):
                self._client().delete_vectors(indexArn=index, keys=list(some))

    def drop(self, tenant_id: str, dataset_id: str) -> None:
        with _named_failures():
            pages = self._client().get_paginator("list_indexes")
            for page in pages.paginate(vectorBucketArn=self._bucket, prefix=_prefix(tenant_id, dataset_id)):
                for index in page["indexes"]:
                    self._client().delete_index(indexArn=index["indexArn"])

    def _create(self, index: str, dimension: int) -> None:
        try:
            self._client().create_index(
                vectorBucketArn=self._bucket,
                indexName=index,
                dataType="float32",
                dimension=dimension,
                distanceMetric="cosine",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConflictException":
                raise

    def _keys(self, index: str) -> Iterator[str]:
        for page in self._client().get_paginator("list_vectors").paginate(indexArn=index):
            yield from (vector["key"] for vector in page["vectors"])

    def _arn(self, index: str) -> str:
        return f"{self._bucket}/index/{index}"


def _prefix(tenant_id: str, dataset_id: str) -> str:
    """Hashed, because ids may hold what a name may not; both are part of what is hashed."""
    return f"d{hashlib.sha256(f'{tenant_id}\0{dataset_id}'.encode()).hexdigest()[:32]}-"


def _index_name(dataset: Dataset, model: str) -> str:
    edition = hashlib.sha256(f"{dataset.created_at}\0{model}".encode()).hexdigest()[:24]
    return _prefix(dataset.tenant_id, dataset.id) + edition


def _is_missing(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "NotFoundException"


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise VectorStoreError(error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise VectorStoreError(type(error).__name__) from error
