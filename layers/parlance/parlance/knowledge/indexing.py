"""When a dataset's snapshot is made anew, and who asks for it."""

from collections.abc import Iterable
from typing import Protocol

from parlance.knowledge.datasets import Dataset, DatasetStore, Record, SourceRecords

SMALL = 64
"""Records, or changes: so few are read from the table as quickly as a snapshot is."""

_SHARE = 10


class IndexRequests(Protocol):
    """Has snapshots made. A request that is lost costs time, never an answer: the next reader repeats it."""

    def request(self, tenant_id: str, dataset_id: str, *, unreadable: bool = False) -> None:
        """Look whether the dataset needs a new snapshot; `unreadable` says that its present one is of no use.

        Never raises: whoever asks has something more important to do.
        """
        ...


class NoRequests:
    """Where nobody makes snapshots."""

    def request(self, tenant_id: str, dataset_id: str, *, unreadable: bool = False) -> None:
        """Nobody listens."""


def is_due(dataset: Dataset, tail: int | None) -> bool:
    """Whether a new snapshot is worth its making; `tail` are the changes since the last, None without a usable one.

    A tenth of the records must have changed. So a record that is written costs about ten records' indexing, however
    large the dataset and however often it changes.
    """
    if tail is None:
        return dataset.record_count >= SMALL
    return tail >= max(SMALL, dataset.record_count // _SHARE)


class AnnouncedDatasets:
    """A DatasetStore whose changes are followed by a request for a new index."""

    def __init__(self, store: DatasetStore, requests: IndexRequests) -> None:
        self._store = store
        self._requests = requests
        self.create = store.create
        self.get = store.get
        self.of_tenant = store.of_tenant
        self.rename = store.rename
        self.records = store.records
        self.records_after = store.records_after
        self.get_record = store.get_record
        self.records_of = store.records_of
        self.changed_between = store.changed_between
        self.publish = store.publish

    def delete(self, tenant_id: str, dataset_id: str) -> None:
        self._store.delete(tenant_id, dataset_id)
        self._requests.request(tenant_id, dataset_id)

    def add_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        self._store.add_record(tenant_id, dataset_id, record)
        self._requests.request(tenant_id, dataset_id)

    def update_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        self._store.update_record(tenant_id, dataset_id, record)
        self._requests.request(tenant_id, dataset_id)

    def delete_record(self, tenant_id: str, dataset_id: str, record_id: str) -> None:
        self._store.delete_record(tenant_id, dataset_id, record_id)
        self._requests.request(tenant_id, dataset_id)

    def replace_source(self, tenant_id: str, dataset_id: str, change: SourceRecords) -> Dataset:
        dataset = self._store.replace_source(tenant_id, dataset_id, change)
        self._requests.request(tenant_id, dataset_id)
        return dataset

    def replace_sources(self, tenant_id: str, dataset_id: str, changes: Iterable[SourceRecords]) -> Dataset:
        """The request follows also when `changes` breaks off, because what came before is written."""
        try:
            return self._store.replace_sources(tenant_id, dataset_id, changes)
        finally:
            self._requests.request(tenant_id, dataset_id)
