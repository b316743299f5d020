"""The contract of a store of snapshots, on a bucket and on the fake that stands in for it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.snapshots import SnapshotStore, SnapshotStoreError
from parlance.storage.snapshots import S3SnapshotStore
from tests.fakes.clock import ManualClock
from tests.fakes.snapshots import MemorySnapshots

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.storage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture(params=["bucket", "memory"])
def store(request: pytest.FixtureRequest, clock: ManualClock) -> SnapshotStore:
    if request.param == "memory":
        return MemorySnapshots(clock)
    s3: S3Client = request.getfixturevalue("s3")
    bucket: str = request.getfixturevalue("bucket")
    return S3SnapshotStore(lambda: s3, bucket, clock, RandomIds())


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(f"tenant-{uuid4().hex}", "docs", "Docs", "", 1, 1, version=7)


def test_what_is_put_is_got(store: SnapshotStore, dataset: Dataset) -> None:
    key = store.put(dataset, b"\x00snapshot")
    assert store.get(key) == b"\x00snapshot"


def test_two_of_one_version_are_two(store: SnapshotStore, dataset: Dataset) -> None:
    first, second = store.put(dataset, b"first"), store.put(dataset, b"second")
    assert (store.get(first), store.get(second)) == (b"first", b"second")


def test_what_is_not_there_is_none(store: SnapshotStore, dataset: Dataset) -> None:
    key = store.put(dataset, b"x")
    store.remove(key)
    store.remove(key)
    assert store.get(key) is None


def test_a_sweep_removes_what_is_old_and_not_kept(store: SnapshotStore, dataset: Dataset, clock: ManualClock) -> None:
    left, kept = store.put(dataset, b"left"), store.put(dataset, b"kept")
    store.sweep(dataset.tenant_id, dataset.id, keep=kept)
    assert store.get(left) == b"left", "somebody may still be about to publish it"
    clock.advance(3_700)
    store.sweep(dataset.tenant_id, dataset.id, keep=kept)
    assert (store.get(left), store.get(kept)) == (None, b"kept")


def test_a_sweep_touches_no_other_dataset(store: SnapshotStore, dataset: Dataset) -> None:
    others = [
        replace(dataset, id="docs2"),
        replace(dataset, id="doc"),
        replace(dataset, tenant_id=f"{dataset.tenant_id}x"),
    ]
    keys = [store.put(one, b"another's") for one in others]
    gone = store.put(dataset, b"gone")
    store.sweep(dataset.tenant_id, dataset.id, keep=None)
    assert store.get(gone) is None
    assert [store.get(key) for key in keys] == [b"another's"] * 3


@pytest.mark.parametrize(
    "call",
    [
        lambda store, dataset: store.put(dataset, b""),
        lambda store, _: store.get("x"),
        lambda store, _: store.remove("x"),
        lambda store, dataset: store.sweep(dataset.tenant_id, dataset.id, keep=None),
    ],
)
def test_trouble_has_a_name(s3: "S3Client", dataset: Dataset, call: Callable[[SnapshotStore, Dataset], object]) -> None:
    store = S3SnapshotStore(lambda: s3, "no-such-bucket-here", ManualClock(), RandomIds())
    with pytest.raises(SnapshotStoreError):
        call(store, dataset)
