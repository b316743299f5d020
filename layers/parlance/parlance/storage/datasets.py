"""Datasets and records in the Conversations table.

A dataset's records share one partition; those of one imported source are one key range of it, in order of position.

The count stays right while several writers are at work: a single record and the count change in one transaction,
and an import counts after its writes and commits only if the version is the one it had before it counted.

Every version leaves an item that says which records it changed, in the transaction that raises the version. So from
what was read at one version the records of a later one follow by reading only what changed between. A version that
changed too much to say, or that makes up for an import that was killed, leaves no item: all records are read then.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from parlance.clock import Clock
from parlance.errors import ConflictError, NotFoundError
from parlance.ids import IdSource
from parlance.knowledge.datasets import Dataset, Record, Snapshot, SourceRecords, source_prefix
from parlance.storage import keys
from parlance.storage.dataset_items import dataset_item, dataset_of, record_item, record_of
from parlance.storage.listing import DATASETS, beyond, entry, no_entry
from parlance.storage.table import (
    ConditionFailedError,
    ContendedError,
    Delete,
    Key,
    Operation,
    Put,
    Table,
    TransactionCancelledError,
    UnansweredError,
    Update,
)

_ATTEMPTS = 8
_ATTEMPTS_OF_ONE = 20
"""One of those who write at the same time gets through each time, so this is also how many of them may."""

_PAUSE_SECONDS = 0.05
_READ_ONE_BY_ONE = 16
_MAX_LOGGED_BYTES = 200_000
"""What one version may say of its changes: some thousands of ids."""

_TOGETHER_MAX = 90
_TOGETHER_BYTES_MAX = 3_000_000
_RECORD_OVERHEAD_BYTES = 2_000
"""A transaction holds 100 operations and 4 MB; ids, titles and metadata take their part."""

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
            self._table.put(Put(dataset_item(dataset), when=_ABSENT))
        except ConditionFailedError as error:
            there = self.get(dataset.tenant_id, dataset.id)
            if there is not None and there.created_at != dataset.created_at:
                self._table.delete(no_entry(dataset.tenant_id, DATASETS, dataset.created_at, dataset.id))
            raise ConflictError("A dataset with this id exists already") from error

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None:
        item = self._table.get(keys.dataset(tenant_id, dataset_id))
        return dataset_of(item) if item else None

    def of_tenant(self, tenant_id: str) -> list[Dataset]:
        pk = keys.datasets_pk(tenant_id)
        first, last = keys.dataset(tenant_id, "").sk, keys.dataset(tenant_id, keys.HIGHEST).sk
        return [dataset_of(item) for item in self._table.query_all(pk, first=first, last=last)]

    def rename(self, tenant_id: str, dataset_id: str, *, name: str, description: str) -> Dataset:
        values = {"name": name, "description": description, "now": self._clock.now()}
        expression = "SET #name = :name, description = :description, updated_at = :now"
        key = keys.dataset(tenant_id, dataset_id)
        try:
            return dataset_of(self._table.update(Update(key, expression, when=_EXISTS, values=values)))
        except ConditionFailedError as error:
            raise NotFoundError("dataset") from error

    def delete(self, tenant_id: str, dataset_id: str) -> None:
        gone = self._table.delete(Delete(keys.dataset(tenant_id, dataset_id)))
        if gone is None:
            raise NotFoundError("dataset")
        self._table.delete(no_entry(tenant_id, DATASETS, gone["created_at"], dataset_id))
        self._table.batch_write(deletes=list(self._record_keys(tenant_id, dataset_id, "")))
        self._forget_changes(tenant_id, dataset_id, keys.HIGHEST_NUMBER)

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]:
        return self._records(tenant_id, dataset_id, "")

    def records_after(self, tenant_id: str, dataset_id: str, record_id: str, *, limit: int) -> list[Record]:
        pk, first, last = _range(tenant_id, dataset_id, "")
        mark = keys.record(tenant_id, dataset_id, record_id).sk
        found = beyond(self._table, pk, first=first, last=last, mark=mark, newest_first=False, limit=limit)
        return [record_of(item) for item in found.items]

    def get_record(self, tenant_id: str, dataset_id: str, record_id: str) -> Record | None:
        item = self._table.get(keys.record(tenant_id, dataset_id, record_id))
        return record_of(item) if item else None

    def records_of(self, tenant_id: str, dataset_id: str, record_ids: Iterable[str]) -> list[Record]:
        wanted = [keys.record(tenant_id, dataset_id, record_id) for record_id in sorted(set(record_ids))]
        return [record_of(item) for item in self._table.batch_get(wanted).values()]

    def changed_between(self, tenant_id: str, dataset_id: str, after: int, through: int) -> frozenset[str] | None:
        first, last = keys.change(tenant_id, dataset_id, after + 1), keys.change(tenant_id, dataset_id, through)
        changes = list(self._table.query_all(first.pk, first=first.sk, last=last.sk)) if through > after else []
        if len(changes) != through - after:
            return None
        return frozenset(record_id for change in changes for record_id in change["records"])

    def publish(self, dataset: Dataset, snapshot: Snapshot) -> bool:
        values = {
            "version": snapshot.version,
            "key": snapshot.key,
            "made": dataset.created_at,
            "seen": dataset.snapshot.key if dataset.snapshot else "",
        }
        point = Update(
            keys.dataset(dataset.tenant_id, dataset.id),
            "SET snapshot_version = :version, snapshot_key = :key",
            when="created_at = :made AND "
            "(attribute_not_exists(snapshot_key) OR snapshot_version < :version OR snapshot_key = :seen)",
            values=values,
        )
        try:
            self._table.update(point)
        except ConditionFailedError:
            return False
        self._forget_changes(dataset.tenant_id, dataset.id, snapshot.version)
        return True

    def add_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        put = Put(record_item(tenant_id, dataset_id, record), when=_ABSENT)
        taken = ConflictError("A record with this id exists already")
        self._change_one(tenant_id, dataset_id, record.id, put, growth=1, refused=taken)

    def update_record(self, tenant_id: str, dataset_id: str, record: Record) -> None:
        put = Put(record_item(tenant_id, dataset_id, record), when=_EXISTS)
        self._change_one(tenant_id, dataset_id, record.id, put, growth=0, refused=NotFoundError("record"))

    def delete_record(self, tenant_id: str, dataset_id: str, record_id: str) -> None:
        delete = Delete(keys.record(tenant_id, dataset_id, record_id), when=_EXISTS)
        self._change_one(tenant_id, dataset_id, record_id, delete, growth=-1, refused=NotFoundError("record"))

    def replace_sources(self, tenant_id: str, dataset_id: str, changes: Iterable[SourceRecords]) -> Dataset:
        item = self._table.get(keys.dataset(tenant_id, dataset_id))
        if item is None:
            raise NotFoundError("dataset")
        current = dataset_of(item)
        must_commit = makes_up = "import_began" in item
        changed: list[str] = []
        touched: set[str] = set()
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
                touched.update([*(record.id for record in puts), *deletes])
                self._table.batch_write(
                    puts=[record_item(tenant_id, dataset_id, record) for record in puts],
                    deletes=[keys.record(tenant_id, dataset_id, record_id) for record_id in deletes],
                )
        finally:
            if must_commit:
                # Nobody knows what an import that was killed has changed.
                current = self._commit(tenant_id, dataset_id, changed, None if makes_up else touched)
        return current

    def replace_source(self, tenant_id: str, dataset_id: str, change: SourceRecords) -> Dataset:
        for attempt in range(_ATTEMPTS_OF_ONE):
            item = self._table.get(keys.dataset(tenant_id, dataset_id))
            if item is None:
                raise NotFoundError("dataset")
            held = {record.id: record for record in self._records(tenant_id, dataset_id, source_prefix(change.source))}
            puts, deletes = _difference(held, change.records)
            current = dataset_of(item)
            if not puts and not deletes:
                return current
            # Nobody knows how many records there are while an import has not been made up for.
            if "import_began" in item or not _fit_together(puts, deletes):
                break
            growth = sum(record.id not in held for record in puts) - len(deletes)
            try:
                return self._replace_at_once(current, puts, deletes, growth)
            except TransactionCancelledError:
                # Somebody else made the version that this was to be.
                self._pause(attempt)
        return self.replace_sources(tenant_id, dataset_id, [change])

    def _replace_at_once(
        self, current: Dataset, puts: Sequence[Record], deletes: Sequence[str], growth: int
    ) -> Dataset:
        tenant_id, dataset_id = current.tenant_id, current.id
        raised = replace(
            current,
            version=current.version + 1,
            record_count=current.record_count + growth,
            updated_at=self._clock.now(),
        )
        values = {"old": current.version, "new": raised.version, "count": raised.record_count, "now": raised.updated_at}
        expression = "SET version = :new, record_count = :count, updated_at = :now"
        touched = [*(record.id for record in puts), *deletes]
        self._transact(
            [
                Update(keys.dataset(tenant_id, dataset_id), expression, when="version = :old", values=values),
                *_logged(tenant_id, dataset_id, raised.version, touched),
                *(Put(record_item(tenant_id, dataset_id, record)) for record in puts),
                *(Delete(keys.record(tenant_id, dataset_id, record_id)) for record_id in deletes),
            ]
        )
        return raised

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

    def _commit(
        self, tenant_id: str, dataset_id: str, changed: Iterable[str], touched: Iterable[str] | None
    ) -> Dataset:
        """Count and raise the version. A dataset deleted meanwhile takes the records just written with it."""
        for attempt in range(_ATTEMPTS):
            current = self.get(tenant_id, dataset_id)
            if current is None:
                self._sweep(tenant_id, dataset_id, changed)
                raise NotFoundError("dataset")
            count = sum(1 for _ in self._record_keys(tenant_id, dataset_id, ""))
            try:
                return self._raise_version(current, count, touched)
            except (TransactionCancelledError, ContendedError, UnansweredError):
                # Raised once too often does no harm: what was counted is counted again.
                self._pause(attempt)
        raise ContendedError("the dataset was changed by others all the time")

    def _raise_version(self, current: Dataset, count: int, touched: Iterable[str] | None) -> Dataset:
        raised = replace(current, version=current.version + 1, record_count=count, updated_at=self._clock.now())
        values = {"old": current.version, "new": raised.version, "count": count, "now": raised.updated_at}
        expression = "SET version = :new, record_count = :count, updated_at = :now REMOVE import_began"
        key = keys.dataset(current.tenant_id, current.id)
        operations: list[Operation] = [Update(key, expression, when="version = :old", values=values)]
        if touched is not None:
            operations += _logged(current.tenant_id, current.id, raised.version, touched)
        self._table.transact(operations, token=self._ids.random())
        return raised

    def _sweep(self, tenant_id: str, dataset_id: str, sources: Iterable[str]) -> None:
        for source in sources:
            left = list(self._record_keys(tenant_id, dataset_id, source_prefix(source)))
            self._table.batch_write(deletes=left)

    def _forget_changes(self, tenant_id: str, dataset_id: str, through: int) -> None:
        first, last = keys.change(tenant_id, dataset_id, 0), keys.change(tenant_id, dataset_id, through)
        found = self._table.query_all(first.pk, first=first.sk, last=last.sk, keys_only=True)
        self._table.batch_write(deletes=[Key(item["pk"], item["sk"]) for item in found])

    def _change_one(
        self, tenant_id: str, dataset_id: str, record_id: str, change: Operation, *, growth: int, refused: Exception
    ) -> None:
        """One record, the dataset's count and version, and what that version changed: all or nothing."""
        for attempt in range(_ATTEMPTS_OF_ONE):
            current = self.get(tenant_id, dataset_id)
            if current is None:
                raise NotFoundError("dataset")
            version = current.version + 1
            values = {"now": self._clock.now(), "old": current.version, "new": version, "growth": growth}
            raise_version = Update(
                keys.dataset(tenant_id, dataset_id),
                "SET updated_at = :now, version = :new ADD record_count :growth",
                when="version = :old",
                values=values,
            )
            try:
                return self._transact([change, raise_version, *_logged(tenant_id, dataset_id, version, [record_id])])
            except TransactionCancelledError as error:
                if not error.failed_condition(1):
                    raise refused from error
                # Somebody else made the version that this was to be.
                self._pause(attempt)
        raise ContendedError("the dataset was changed by others all the time")

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
        return (record_of(item) for item in self._table.query_all(pk, first=first, last=last))

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


def _fit_together(puts: Sequence[Record], deletes: Sequence[str]) -> bool:
    """Whether one transaction holds them."""
    size = sum(len(record.text.encode(errors="replace")) + _RECORD_OVERHEAD_BYTES for record in puts)
    return len(puts) + len(deletes) <= _TOGETHER_MAX and size <= _TOGETHER_BYTES_MAX


def _logged(tenant_id: str, dataset_id: str, version: int, record_ids: Iterable[str]) -> list[Operation]:
    """The item that says what a version changed, if that can be said in one."""
    key, changed = keys.change(tenant_id, dataset_id, version), sorted(record_ids)
    if sum(len(record_id.encode()) for record_id in changed) > _MAX_LOGGED_BYTES:
        return []
    return [Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "records": changed})]


def _range(tenant_id: str, dataset_id: str, prefix: str) -> tuple[str, str, str]:
    first = keys.record(tenant_id, dataset_id, prefix)
    last = keys.record(tenant_id, dataset_id, prefix + keys.HIGHEST)
    return first.pk, first.sk, last.sk
