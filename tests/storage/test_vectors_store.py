"""The contract of a store of vectors, on S3 Vectors' API and on the fake that stands in for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from parlance.knowledge.datasets import Dataset
from parlance.knowledge.semantics import VectorStore, VectorStoreError
from parlance.storage.vectors import S3VectorStore
from tests.fakes.embedding import MemoryVectors
from tests.fakes.json_server import answering
from tests.fakes.s3vectors import BUCKET, FakeS3Vectors

if TYPE_CHECKING:
    from mypy_boto3_s3vectors import S3VectorsClient

pytestmark = pytest.mark.storage

DATASET = Dataset("tenant", "docs", "Docs", "", 1, 1)
OTHERS = (
    replace(DATASET, tenant_id="other"),
    replace(DATASET, id="docs2"),
    replace(DATASET, created_at=2),
)


@pytest.fixture
def service() -> FakeS3Vectors:
    return FakeS3Vectors()


@pytest.fixture
def remote(service: FakeS3Vectors) -> Iterator[S3VectorStore]:
    with answering(service) as url:
        client: S3VectorsClient = boto3.client(
            "s3vectors",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        yield S3VectorStore(lambda: client, BUCKET)
        client.close()


@pytest.fixture(params=["s3vectors", "memory"])
def store(request: pytest.FixtureRequest) -> VectorStore:
    if request.param == "memory":
        return MemoryVectors()
    remote: S3VectorStore = request.getfixturevalue("remote")
    return remote


def test_the_nearest_come_first_with_their_cosine(store: VectorStore) -> None:
    store.put(DATASET, "model", {"rec_a": [1, 0], "rec_b": [1, 1], "rec_c": [0, 1]})
    found = store.nearest(DATASET, "model", [2, 0], 2)
    assert list(found) == ["rec_a", "rec_b"]
    assert found["rec_a"] == pytest.approx(1)
    assert found["rec_b"] == pytest.approx(0.5**0.5)


def test_putting_again_replaces(store: VectorStore) -> None:
    store.put(DATASET, "model", {"rec_a": [1, 0], "rec_b": [1, 1]})
    store.put(DATASET, "model", {"rec_a": [0, 1]})
    assert list(store.nearest(DATASET, "model", [1, 0], 1)) == ["rec_b"]


@pytest.mark.parametrize("other", OTHERS)
def test_no_dataset_sees_the_vectors_of_another(store: VectorStore, other: Dataset) -> None:
    store.put(DATASET, "model", {"rec_a": [1, 0]})
    store.put(other, "model", {"rec_b": [1, 0]})
    assert list(store.nearest(DATASET, "model", [1, 0], 10)) == ["rec_a"]
    assert list(store.nearest(other, "model", [1, 0], 10)) == ["rec_b"]


def test_each_model_has_a_space_of_its_own(store: VectorStore) -> None:
    store.put(DATASET, "model", {"rec_a": [1, 0]})
    store.put(DATASET, "another", {"rec_a": [1, 0, 0]})
    assert list(store.nearest(DATASET, "another", [1, 0, 0], 10)) == ["rec_a"]


def test_from_a_space_that_is_not_there_comes_nothing(store: VectorStore) -> None:
    assert store.nearest(DATASET, "model", [1, 0], 10) == {}
    store.keep(DATASET, "model", ["rec_a"])
    store.drop("tenant", "docs")
    store.put(DATASET, "model", {})


def test_only_what_is_kept_stays(store: VectorStore) -> None:
    store.put(DATASET, "model", {f"rec_{n}": [1, n] for n in range(10)})
    store.keep(DATASET, "model", ["rec_3", "rec_7", "rec_none"])
    assert sorted(store.nearest(DATASET, "model", [1, 0], 20)) == ["rec_3", "rec_7"]


def test_a_dropped_dataset_leaves_no_space_and_touches_no_other(store: VectorStore) -> None:
    for model in ("one", "two", "three", "four"):
        store.put(DATASET, model, {"rec_a": [1, 0]})
    for other in OTHERS[:2]:
        store.put(other, "one", {"rec_b": [1, 0]})
    store.drop("tenant", "docs")
    assert [store.nearest(DATASET, model, [1, 0], 5) for model in ("one", "four")] == [{}, {}]
    assert all(store.nearest(other, "one", [1, 0], 5) for other in OTHERS[:2])


def test_many_vectors_go_in_calls_that_the_service_takes(remote: S3VectorStore, service: FakeS3Vectors) -> None:
    remote.put(DATASET, "model", {f"rec_{n}": [1, n] for n in range(1_200)})
    assert service.calls.count("PutVectors") == 3
    assert len(remote.nearest(DATASET, "model", [1, 0], 1_000)) == 100
    remote.keep(DATASET, "model", ["rec_0"])
    assert service.calls.count("DeleteVectors") == 3


@pytest.mark.parametrize("error", ["AccessDeniedException", "TooManyRequestsException", "InternalServerException"])
@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put(DATASET, "model", {"rec_a": [1, 0]}),
        lambda store: store.nearest(DATASET, "model", [1, 0], 5),
        lambda store: store.keep(DATASET, "model", []),
        lambda store: store.drop("tenant", "docs"),
    ],
)
def test_trouble_with_s3_vectors_has_a_name(
    remote: S3VectorStore, service: FakeS3Vectors, error: str, call: Callable[[VectorStore], object]
) -> None:
    service.error = error
    with pytest.raises(VectorStoreError, match=error):
        call(remote)
