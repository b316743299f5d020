"""How a dataset's records come into memory: from a snapshot and what changed since, or from the table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.shelf import Shelf
from parlance.knowledge.snapshots import SnapshotStore, SnapshotStoreError, UnreadableSnapshotError, unpacked
from parlance.logs import logger

_CHANGES_READ_ONE_BY_ONE = 1_000


class RecordSource(Protocol):
    """What loading needs of a DatasetStore."""

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None: ...

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]: ...

    def records_of(self, tenant_id: str, dataset_id: str, record_ids: Iterable[str]) -> list[Record]: ...

    def changed_between(self, tenant_id: str, dataset_id: str, after: int, through: int) -> frozenset[str] | None: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A shelf, how many changes were read after its snapshot (None: all records were read), and whether there is a
    snapshot that cannot be read."""

    shelf: Shelf
    tail: int | None
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class _Restored:
    shelf: Shelf | None = None
    tail: int | None = None
    unreadable: bool = False


class Loader:
    """Loads shelves; without a store of snapshots always from the table."""

    def __init__(self, store: RecordSource, snapshots: SnapshotStore | None = None) -> None:
        self._store = store
        self._snapshots = snapshots

    def load(self, dataset: Dataset) -> Loaded:
        """The records of the version that `dataset` names, or of a newer one."""
        loaded = self._restored(dataset)
        if loaded.shelf is None and dataset.snapshot is not None:
            # Another may have been published meanwhile, and this one removed.
            newer = self._store.get(dataset.tenant_id, dataset.id)
            if newer and newer.created_at == dataset.created_at and newer.snapshot != dataset.snapshot:
                dataset, loaded = newer, self._restored(newer)
        if loaded.shelf is None:
            return Loaded(self.from_table(dataset), None, loaded.unreadable)
        return Loaded(loaded.shelf, loaded.tail)

    def advance(self, shelf: Shelf, dataset: Dataset) -> int | None:
        """Bring a shelf to the version of `dataset` by this many changes; None if all records must be read for it."""
        changed = self._store.changed_between(dataset.tenant_id, dataset.id, shelf.version, dataset.version)
        if changed is None or len(changed) > max(_CHANGES_READ_ONE_BY_ONE, shelf.size // 2):
            return None
        shelf.apply(dataset.version, changed, self._store.records_of(dataset.tenant_id, dataset.id, changed))
        return len(changed)

    def from_table(self, dataset: Dataset) -> Shelf:
        return Shelf.of(dataset.version, self._store.records(dataset.tenant_id, dataset.id))

    def snapshot_of(self, dataset: Dataset) -> Shelf | None:
        """As it was kept; None without one. Raises UnreadableSnapshotError, SnapshotStoreError."""
        if self._snapshots is None or dataset.snapshot is None:
            return None
        data = self._snapshots.get(dataset.snapshot.key)
        if data is None:
            raise UnreadableSnapshotError("missing")
        return unpacked(data, dataset)

    def _restored(self, dataset: Dataset) -> _Restored:
        try:
            shelf = self.snapshot_of(dataset)
        except (UnreadableSnapshotError, SnapshotStoreError) as error:
            logger.warning("snapshot not used", dataset_id=dataset.id, reason=f"{type(error).__name__}: {error}")
            return _Restored(unreadable=isinstance(error, UnreadableSnapshotError))
        tail = self.advance(shelf, dataset) if shelf else None
        return _Restored(shelf, tail) if tail is not None else _Restored()
