"""A DatasetStore in memory. It passes the same contract suite as the repository."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parlance.clock import Clock
from parlance.errors import ConflictError, NotFoundError
from parlance.knowledge.datasets import Dataset, Record, Snapshot, SourceRecords, source_prefix


class MemoryDatasets:
    """Datasets and records in two dictionaries."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._datasets: dict[tuple[str, str], Dataset] = {}
        self._records: dict[tuple[str, str], dict[str, Record]] = {}
        self._changes: dict[tuple[str, str], dict[int, frozenset[str]]] = {}

    def create(self, dataset: Dataset) -> None:
        key = (dataset.tenant_id, dataset.id)
        if key in self._datasets:
            raise ConflictError("A dataset with this id exists already")
        self._datasets[key] = dataset
        self._records[key] = {}
        self._changes[key] = {}

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None:
        return self._datasets.get((tenant_id, dataset_id))

    def of_tenant(self, tenant_id: str) -> list[Dataset]:
        return [self._datasets[key] for key in sorted(self._datasets) if key[0] == tenant_id]

    def rename(self, tenant_id: str, dataset_id: str, *, name: str, description: str) -> Dataset:
        now = self._clock.now()
        dataset = replace(self._known(tenant_id, dataset_id), name=name, description=description, updated_at=now)
        self._datasets[tenant_id, dataset_id] = dataset
        return dataset

    def delete(self, tenant_id: str, dataset_id: str) -> None:
        self._known(tenant_id, dataset_id)
        del self._datasets[tenant_id, dataset_id]
        del self._records[tenant_id, dataset_id]
        del self._changes[tenant_id, dataset_id]

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]:
        held = self._records.get((tenant_id, dataset_id), {})
        return iter([held[record_id] for record_id in sorted(held)])

    def records_after(self, tenant_id: str, dataset_id: str, record_id: str, *, limit: int) -> list[Record]:
        held = self._records.get((tenant_id, dataset_id), {})
        return [held[one] for one in sorted(held) if one > record_id][:limit]

    def get_record(self, tenant_id: str, dataset_id: str, record_id: str) -> Record | None:
        return self._records.get((tenant_id, dataset_id), {}).get(record_id)

    def records_of(self, tenant_id: str, dataset_id: str, record_ids: Iterable[str]) -> list[Record]:
        held = self._records.get((tenant_id, dataset_id), {})
        return [held[record_id] for record_id in set(record_ids) if record_id in held]

    def changed_between(self, tenant_id: str, dataset_id: str, after: int, through: int) -> frozenset[str] | None:
        changes = self._changes.get((tenant_id, dataset_id), {})
        versions = range(after + 1, through + 1)
        if any(version not in changes for version in versions):
            return None
        return frozenset[str]().union(*(changes[version] for version in versions))

    def publish(self, dataset: Dataset, snapshot: Snapshot) -> bool:
        current = self.get(dataset.tenant_id, dataset.id)
        if current is None or current.created_at != dataset.created_at:
            return False
        newest = current.snapshot
        if newest and newest.version >= snapshot.version and newest != dataset.snapshot:
            return False
        self._datasets[dataset.tenant_id, dataset.id] = replace(current, snapshot=snapshot)
        self.forget_changes(dataset.tenant_id, dataset.id, snapshot.version)
        return True

    def forget_changes(self, tenant_id: str, dataset_id: str, through: int) -> None:
        changes = self._changes[tenant_id, dataset_id]
        for version in [version for version in changes if version <= through]:
            del changes[version]

    def add_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        self._known(tenant_id, dataset_id)
        if self.get_record(tenant_id, dataset_id, record.id):
            raise ConflictError("A record with this id exists already")
        self._records[tenant_id, dataset_id][record.id] = record
        self._changed(tenant_id, dataset_id, {record.id})

    def update_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        self._known(tenant_id, dataset_id)
        if not self.get_record(tenant_id, dataset_id, record.id):
            raise NotFoundError("record")
        self._records[tenant_id, dataset_id][record.id] = record
        self._changed(tenant_id, dataset_id, {record.id})

    def delete_record(self, tenant_id: str, dataset_id: str, record_id: str) -> None:
        self._known(tenant_id, dataset_id)
        if not self._records[tenant_id, dataset_id].pop(record_id, None):
            raise NotFoundError("record")
        self._changed(tenant_id, dataset_id, {record_id})

    def replace_source(self, tenant_id: str, dataset_id: str, change: SourceRecords) -> Dataset:
        return self.replace_sources(tenant_id, dataset_id, [change])

    def replace_sources(self, tenant_id: str, dataset_id: str, changes: Iterable[SourceRecords]) -> Dataset:
        self._known(tenant_id, dataset_id)
        before = dict(self._records[tenant_id, dataset_id])
        try:
            for change in changes:
                self._replace(tenant_id, dataset_id, change)
        finally:
            after = self._records.get((tenant_id, dataset_id), {})
            touched = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
            if touched:
                self._changed(tenant_id, dataset_id, touched)
        return self._known(tenant_id, dataset_id)

    def _replace(self, tenant_id: str, dataset_id: str, change: SourceRecords) -> None:
        held = self._records.get((tenant_id, dataset_id), {})
        prefix = source_prefix(change.source)
        old = {record_id: held.pop(record_id) for record_id in list(held) if record_id.startswith(prefix)}
        for record in change.records:
            before = old.get(record.id)
            same = before if before and record.says_the_same_as(before) else None
            held[record.id] = same or replace(record, created_at=before.created_at if before else record.created_at)

    def _known(self, tenant_id: str, dataset_id: str) -> Dataset:
        if (tenant_id, dataset_id) not in self._datasets:
            raise NotFoundError("dataset")
        return self._datasets[tenant_id, dataset_id]

    def _changed(self, tenant_id: str, dataset_id: str, touched: Iterable[str]) -> None:
        dataset = self._known(tenant_id, dataset_id)
        self._changes[tenant_id, dataset_id][dataset.version + 1] = frozenset(touched)
        self._datasets[tenant_id, dataset_id] = replace(
            dataset,
            version=dataset.version + 1,
            record_count=len(self._records[tenant_id, dataset_id]),
            updated_at=self._clock.now(),
        )
