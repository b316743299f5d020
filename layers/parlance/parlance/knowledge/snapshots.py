"""What a snapshot of a shelf looks like, and where snapshots are kept.

A line of JSON says what it is; the compressed database follows. A format that a later release changes gets another
number, and a reader passes over what it does not know: it reads the table then.
"""

import hashlib
import json
import sqlite3
import zlib
from typing import Protocol

from parlance.knowledge.datasets import Dataset
from parlance.knowledge.shelf import Shelf

FORMAT = 1
"""Also to be raised when words are cut or stemmed in another way: the index in it holds them as they were."""

_LEVEL = 1


class UnreadableSnapshotError(Exception):
    """The snapshot is not there, damaged, of another format or of something else."""


class SnapshotStoreError(Exception):
    """The store of snapshots did not answer."""


class SnapshotStore(Protocol):
    """Keeps snapshots under keys that begin with the tenant and the dataset."""

    def put(self, dataset: Dataset, data: bytes) -> str:
        """Keep a snapshot of this version under a key of its own, which is returned. Raises SnapshotStoreError."""
        ...

    def get(self, key: str) -> bytes | None:
        """Raises SnapshotStoreError."""
        ...

    def remove(self, key: str) -> None:
        """Raises SnapshotStoreError."""
        ...

    def sweep(self, tenant_id: str, dataset_id: str, *, keep: str | None) -> None:
        """Remove what a builder that was killed has left, but nothing so young that somebody may still publish it.

        Without a key to keep the dataset is gone, and everything goes. Raises SnapshotStoreError.
        """
        ...


def packed(shelf: Shelf, dataset: Dataset) -> bytes:
    """The shelf as a snapshot of this dataset."""
    body = zlib.compress(shelf.dump(), _LEVEL)
    about = {**_identity(dataset), "version": shelf.version, "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(about).encode() + b"\n" + body


def unpacked(data: bytes, dataset: Dataset) -> Shelf:
    """Raises UnreadableSnapshotError, also for the snapshot of another dataset."""
    head, _, body = data.partition(b"\n")
    try:
        about = json.loads(head)
        version, digest = int(about["version"]), about["sha256"]
        if any(about[name] != value for name, value in _identity(dataset).items()):
            raise UnreadableSnapshotError("of another dataset or format")
        if hashlib.sha256(body).hexdigest() != digest:
            raise UnreadableSnapshotError("damaged")
        return Shelf(version, zlib.decompress(body))
    except (ValueError, KeyError, TypeError, zlib.error, sqlite3.Error) as error:
        raise UnreadableSnapshotError(type(error).__name__) from error


def _identity(dataset: Dataset) -> dict[str, object]:
    """With the time of creation, because a dataset may be made again under its old id."""
    return {
        "format": FORMAT,
        "tenant_id": dataset.tenant_id,
        "dataset_id": dataset.id,
        "created_at": dataset.created_at,
    }
