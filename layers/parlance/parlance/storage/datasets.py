"""Datasets and records in the Conversations table.

A dataset's records share one partition; those of one imported source are one key range of it, in order of position.

The count stays right while several writers are at work: a single record and the count change in one transaction,
and an import counts after its writes and commits only if the version is the one it had before it counted.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from parlance.clock import Clock
from parlance.errors import ConflictError, NotFoundError
from parlance.ids import IdSource
from parlance.knowledge.datasets import Dataset, Record, SourceRecords, source_prefix
from parlance.storage import keys
from parlance.storage.listing import DATASETS, beyond, entry, no_entry
from parlance.storage.table import (
    ConditionFailedError,
    ContendedError,
    Delete,
    Item,
    Key,
    Operation,
    Put,
    Table,
    TransactionCancelledError,
    UnansweredError,
    Update,
)

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.05
_READ_ONE_BY_ONE = 16
_EXISTS = "attribute_exists(pk)"
_ABSENT = "attribute_not_exists(pk)"


class DatasetRepository:
    """The DatasetStore on a table."""

    def __init__(self, table: Table, clock: Clock, ids: IdSource) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids

    def create(self, dataset: Dataset) -> None:
        # Before the dataset itself: an entry without one is passed over, a dataset without one would not be listed.
        self._table.put(entry(dataset.tenant_id, DATASETS, dataset.created_at, dataset.id))
        try:
            self._table.put(Put(_dataset_item(dataset), when=_ABSENT))
        except ConditionFailedError as error:
            there = self.get(dataset.tenant_id, dataset.id)
            if there is not None and there.created_at != dataset.created_at:
                self._table.delete(no_entry(dataset.tenant_id, DATASETS, dataset.created_at, dataset.id))
            raise ConflictError("A dataset with this id exists already") from error

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None:
        item = self._table.get(keys.dataset(tenant_id, dataset_id))
        return dataset_from(item) if item else None

    def of_tenant(self, tenant_id: str) -> list[Dataset]:
        pk = keys.datasets_pk(tenant_id)
        first, last = keys.dataset(tenant_id, "").sk, keys.dataset(tenant_id, keys.HIGHEST).sk
        return [dataset_from(item) for item in self._table.query_all(pk, first=first, last=last)]

    def rename(self, tenant_id: str, dataset_id: str, *, name: str, description: str) -> Dataset:
        values = {"name": name, "description": description, "now": self._clock.now()}
        expression = "SET #name = :name, description = :description, updated_at = :now"
        key = keys.dataset(tenant_id, dataset_id)
        try:
            return dataset_from(self._table.update(Update(key, expression, when=_EXISTS, values=values)))
        except ConditionFailedError as error:
            raise NotFoundError("dataset") from error

    def delete(self, tenant_id: str, dataset_id: str) -> None:
        gone = self._table.delete(Delete(keys.dataset(tenant_id, dataset_id)))
        if gone is None:
            raise NotFoundError("dataset")
        self._table.delete(no_entry(tenant_id, DATASETS, gone["created_at"], dataset_id))
        self._table.batch_write(deletes=list(self._record_keys(tenant_id, dataset_id, "")))

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]:
        return self._records(tenant_id, dataset_id, "")

    def records_after(self, tenant_id: str, dataset_id: str, record_id: str, *, limit: int) -> list[Record]:
        pk, first, last = _range(tenant_id, dataset_id, "")
        mark = keys.record(tenant_id, dataset_id, record_id).sk
        found = beyond(self._table, pk, first=first, last=last, mark=mark, newest_first=False, limit=limit)
        return [_record(item) for item in found.items]

    def get_record(self, tenant_id: str, dataset_id: str, record_id: str) -> Record | None:
        item = self._table.get(keys.record(tenant_id, dataset_id, record_id))
        return _record(item) if item else None

    def add_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        put = Put(_record_item(tenant_id, dataset_id, record), when=_ABSENT)
        taken = ConflictError("A record with this id exists already")
        self._change_one(tenant_id, dataset_id, put, growth=1, refused=taken)

    def update_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        put = Put(_record_item(tenant_id, dataset_id, record), when=_EXISTS)
        self._change_one(tenant_id, dataset_id, put, growth=0, refused=NotFoundError("record"))

    def delete_record(self, tenant_id: str, dataset_id: str, record_id: str) -> None:
        delete = Delete(keys.record(tenant_id, dataset_id, record_id), when=_EXISTS)
        self._change_one(tenant_id, dataset_id, delete, growth=-1, refused=NotFoundError("record"))

    def replace_sources(self, tenant_id: str, dataset_id: str, changes: Iterable[SourceRecords]) -> Dataset:
        item = self._table.get(keys.dataset(tenant_id, dataset_id))
        if item is None:
            raise NotFoundError("dataset")
        current = dataset_from(item)
        must_commit = "import_began" in item
        changed: list[str] = []
        held = _Held(lambda prefix: self._records(tenant_id, dataset_id, prefix))
        try:
            for change in changes:
                puts, deletes = _difference(held.of(change.source), change.records)
                if not puts and not deletes:
                    continue
                if not must_commit:
                    self._begin_import(tenant_id, dataset_id)
                    must_commit = True
                changed.append(change.source)
                self._table.batch_write(
                    puts=[_record_item(tenant_id, dataset_id, record) for record in puts],
                    deletes=[keys.record(tenant_id, dataset_id, record_id) for record_id in deletes],
                )
        finally:
            if must_commit:
                current = self._commit(tenant_id, dataset_id, changed)
        return current

    def _begin_import(self, tenant_id: str, dataset_id: str) -> None:
        """Leave a mark until the commit: an import that finds one must commit, even if it has nothing to write."""
        mark = Update(
            keys.dataset(tenant_id, dataset_id),
            "SET import_began = :now",
            when=_EXISTS,
            values={"now": self._clock.now()},
        )
        try:
            self._table.update(mark)
        except ConditionFailedError as error:
            raise NotFoundError("dataset") from error

    def _commit(self, tenant_id: str, dataset_id: str, changed: Iterable[str]) -> Dataset:
        """Count and raise the version. A dataset deleted meanwhile takes the records just written with it."""
        for attempt in range(_ATTEMPTS):
            current = self.get(tenant_id, dataset_id)
            if current is None:
                self._sweep(tenant_id, dataset_id, changed)
                raise NotFoundError("dataset")
            count = sum(1 for _ in self._record_keys(tenant_id, dataset_id, ""))
            try:
                return self._raise_version(current, count)
            except (ConditionFailedError, ContendedError, UnansweredError):
                # Raised once too often does no harm: what was counted is counted again.
                self._pause(attempt)
        raise ContendedError("the dataset was changed by others all the time")

    def _raise_version(self, current: Dataset, count: int) -> Dataset:
        values = {"old": current.version, "new": current.version + 1, "count": count, "now": self._clock.now()}
        expression = "SET version = :new, record_count = :count, updated_at = :now REMOVE import_began"
        key = keys.dataset(current.tenant_id, current.id)
        item = self._table.update(Update(key, expression, when="version = :old", values=values))
        return dataset_from(item)

    def _sweep(self, tenant_id: str, dataset_id: str, sources: Iterable[str]) -> None:
        for source in sources:
            left = list(self._record_keys(tenant_id, dataset_id, source_prefix(source)))
            self._table.batch_write(deletes=left)

    def _change_one(
        self, tenant_id: str, dataset_id: str, change: Operation, *, growth: int, refused: Exception
    ) -> None:
        """One record and the dataset's count and version, all or nothing."""
        raise_version = Update(
            keys.dataset(tenant_id, dataset_id),
            "SET updated_at = :now ADD version :one, record_count :growth",
            when=_EXISTS,
            values={"now": self._clock.now(), "one": 1, "growth": growth},
        )
        try:
            self._transact([change, raise_version])
        except TransactionCancelledError as error:
            if error.failed_condition(1):
                raise NotFoundError("dataset") from error
            raise refused from error

    def _transact(self, operations: list[Operation]) -> None:
        token = self._ids.random()
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._table.transact(operations, token=token)
            except (ContendedError, UnansweredError):
                self._pause(attempt)
        return self._table.transact(operations, token=token)

    def _pause(self, attempt: int) -> None:
        """A little longer each time, and never in step with whoever was in the way."""
        self._clock.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))  # noqa: S311 - spreads load only

    def _records(self, tenant_id: str, dataset_id: str, prefix: str) -> Iterator[Record]:
        pk, first, last = _range(tenant_id, dataset_id, prefix)
        return (_record(item) for item in self._table.query_all(pk, first=first, last=last))

    def _record_keys(self, tenant_id: str, dataset_id: str, prefix: str) -> Iterator[Key]:
        pk, first, last = _range(tenant_id, dataset_id, prefix)
        found = self._table.query_all(pk, first=first, last=last, keys_only=True)
        return (Key(item["pk"], item["sk"]) for item in found)


class _Held:
    """What a dataset holds of each source before it is replaced: a few sources are read one by one, more at once."""

    def __init__(self, read: Callable[[str], Iterator[Record]]) -> None:
        self._read = read
        self._asked = 0
        self._all: dict[str, dict[str, Record]] | None = None

    def of(self, source: str) -> Mapping[str, Record]:
        prefix = source_prefix(source)
        self._asked += 1
        if self._asked <= _READ_ONE_BY_ONE:
            return {record.id: record for record in self._read(prefix)}
        if self._all is None:
            self._all = defaultdict(dict)
            for record in self._read(""):
                self._all[record.id[: len(prefix)]][record.id] = record
        return self._all.pop(prefix, {})


def _difference(old: Mapping[str, Record], new: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """What to write, with the creation time of what is overwritten, and the ids to delete."""
    puts, stay = [], set()
    for record in new:
        stay.add(record.id)
        before = old.get(record.id)
        if before is None:
            puts.append(record)
        elif not record.says_the_same_as(before):
            puts.append(replace(record, created_at=before.created_at))
    return puts, [record_id for record_id in old if record_id not in stay]


def _range(tenant_id: str, dataset_id: str, prefix: str) -> tuple[str, str, str]:
    first = keys.record(tenant_id, dataset_id, prefix)
    last = keys.record(tenant_id, dataset_id, prefix + keys.HIGHEST)
    return first.pk, first.sk, last.sk


def _dataset_item(dataset: Dataset) -> Item:
    key = keys.dataset(dataset.tenant_id, dataset.id)
    return {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, **dataset_attributes(dataset)}


def dataset_attributes(dataset: Dataset) -> Item:
    """A dataset's item without its key."""
    return {
        "tenant_id": dataset.tenant_id,
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "version": dataset.version,
        "record_count": dataset.record_count,
        "profile": json.dumps(dict(dataset.profile)) if dataset.profile else None,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
    }


def dataset_from(item: Item) -> Dataset:
    return Dataset(
        tenant_id=item["tenant_id"],
        id=item["id"],
        name=item["name"],
        description=item["description"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        version=item["version"],
        record_count=item["record_count"],
        profile=json.loads(item["profile"]) if "profile" in item else {},
    )


def _record_item(tenant_id: str, dataset_id: str, record: Record) -> Item:
    key = keys.record(tenant_id, dataset_id, record.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "id": record.id,
        "text": record.text,
        "source": record.source,
        "title": record.title,
        "position": record.position,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        # A user's numbers may not fit the table's, so they stay text.
        "meta": json.dumps(dict(record.meta)) if record.meta else None,
    }


def _record(item: Item) -> Record:
    return Record(
        id=item["id"],
        text=item["text"],
        source=item["source"],
        title=item["title"],
        position=item["position"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        meta=json.loads(item["meta"]) if item.get("meta") else {},
    )
