"""The contract of a DatasetStore, on the repository and on the fake that stands in for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.clock import SystemClock
from parlance.errors import ConflictError, NotFoundError, TooLargeError
from parlance.ids import RandomIds
from parlance.knowledge.datasets import (
    MAX_TEXT_BYTES,
    Dataset,
    DatasetStore,
    Record,
    Snapshot,
    SourceRecords,
    imported_record_id,
)
from parlance.storage import keys
from parlance.storage.datasets import DatasetRepository
from parlance.storage.table import ContendedError, Delete, Table, UnansweredError
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets
from tests.fakes.faults import Faults, KilledError

pytestmark = pytest.mark.storage


@pytest.fixture(params=["table", "memory"])
def store(request: pytest.FixtureRequest) -> DatasetStore:
    if request.param == "memory":
        return MemoryDatasets(SystemClock())
    return DatasetRepository(request.getfixturevalue("table"), SystemClock(), RandomIds())


@pytest.fixture
def dataset(store: DatasetStore) -> Dataset:
    made = Dataset(f"tenant-{uuid4().hex}", "docs", "Docs", "All of them", created_at=1, updated_at=1)
    store.create(made)
    return made


def a_record(record_id: str = "rec_one", text: str = "A text", **changes: object) -> Record:
    record = Record(record_id, text, "a.md", "Title", 0, created_at=5, updated_at=5)
    return replace(record, **changes)  # type: ignore[arg-type]


def a_source(source: str, *texts: str, now: int = 5) -> SourceRecords:
    return SourceRecords(
        source,
        tuple(
            Record(imported_record_id(source, at), text, source, "Title", at, now, now, {"page": at})
            for at, text in enumerate(texts)
        ),
    )


def texts(store: DatasetStore, dataset: Dataset) -> list[str]:
    return [record.text for record in store.records(dataset.tenant_id, dataset.id)]


def current(store: DatasetStore, dataset: Dataset) -> Dataset:
    found = store.get(dataset.tenant_id, dataset.id)
    assert found is not None
    return found


def test_a_created_dataset_reads_back(store: DatasetStore, dataset: Dataset) -> None:
    assert store.get(dataset.tenant_id, dataset.id) == dataset
    assert store.get("another-tenant", dataset.id) is None


def test_an_id_is_taken_once(store: DatasetStore, dataset: Dataset) -> None:
    with pytest.raises(ConflictError):
        store.create(replace(dataset, name="Another"))
    assert current(store, dataset).name == "Docs"


def test_datasets_of_a_tenant(store: DatasetStore, dataset: Dataset) -> None:
    other = replace(dataset, id="another")
    store.create(other)
    store.create(replace(dataset, tenant_id=f"{dataset.tenant_id}x"))
    assert store.of_tenant(dataset.tenant_id) == [other, dataset]
    assert store.of_tenant("nobody") == []


def test_rename(store: DatasetStore, dataset: Dataset) -> None:
    renamed = store.rename(dataset.tenant_id, dataset.id, name="New", description="")
    assert (renamed.name, renamed.description, renamed.version) == ("New", "", 1)
    assert renamed.updated_at > dataset.updated_at
    assert current(store, dataset) == renamed
    with pytest.raises(NotFoundError):
        store.rename(dataset.tenant_id, "none", name="New", description="")


def test_a_single_record_is_counted_and_raises_the_version(store: DatasetStore, dataset: Dataset) -> None:
    record = a_record(meta={"big": 10**60, "nested": {"list": [1.5, None, "x"]}})
    store.add_record(dataset.tenant_id, dataset.id, record)
    assert store.get_record(dataset.tenant_id, dataset.id, record.id) == record
    assert (current(store, dataset).record_count, current(store, dataset).version) == (1, 2)

    store.update_record(dataset.tenant_id, dataset.id, a_record(text="Another"))
    assert texts(store, dataset) == ["Another"]
    assert (current(store, dataset).record_count, current(store, dataset).version) == (1, 3)

    store.delete_record(dataset.tenant_id, dataset.id, record.id)
    assert store.get_record(dataset.tenant_id, dataset.id, record.id) is None
    assert (current(store, dataset).record_count, current(store, dataset).version) == (0, 4)


def test_refused_single_changes_change_nothing(store: DatasetStore, dataset: Dataset) -> None:
    store.add_record(dataset.tenant_id, dataset.id, a_record())
    with pytest.raises(ConflictError):
        store.add_record(dataset.tenant_id, dataset.id, a_record(text="Another"))
    with pytest.raises(NotFoundError, match="Record"):
        store.update_record(dataset.tenant_id, dataset.id, a_record("rec_none"))
    with pytest.raises(NotFoundError, match="Record"):
        store.delete_record(dataset.tenant_id, dataset.id, "rec_none")
    with pytest.raises(NotFoundError, match="Dataset"):
        store.add_record(dataset.tenant_id, "none", a_record())
    assert texts(store, dataset) == ["A text"]
    assert (current(store, dataset).record_count, current(store, dataset).version) == (1, 2)
    assert list(store.records(dataset.tenant_id, "none")) == []


def test_an_import_writes_many_and_raises_the_version_once(store: DatasetStore, dataset: Dataset) -> None:
    changes = [a_source("a.md", *[f"a{n:03d}" for n in range(130)]), a_source("b.md", "b")]
    after = store.replace_sources(dataset.tenant_id, dataset.id, iter(changes))
    assert (after.record_count, after.version) == (131, 2)
    assert after == current(store, dataset)
    held = list(store.records(dataset.tenant_id, dataset.id))
    assert [one.text for one in held if one.source == "a.md"] == [f"a{n:03d}" for n in range(130)]
    assert held[0] in (changes[0].records[0], changes[1].records[0])


def test_importing_again_replaces(store: DatasetStore, dataset: Dataset) -> None:
    store.replace_sources(
        dataset.tenant_id, dataset.id, [a_source("a.md", "one", "two", "three"), a_source("b.md", "b")]
    )
    store.add_record(dataset.tenant_id, dataset.id, a_record("rec_by_hand", "by hand"))
    after = store.replace_sources(dataset.tenant_id, dataset.id, [a_source("a.md", "one", "TWO", now=9)])
    assert sorted(texts(store, dataset)) == ["TWO", "b", "by hand", "one"]
    assert (after.record_count, after.version) == (4, 4)
    held = {one.text: (one.created_at, one.updated_at) for one in store.records(dataset.tenant_id, dataset.id)}
    assert held["one"] == (5, 5)
    assert held["TWO"] == (5, 9)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (3, 2), (2, 3), (3, 0), (89, 1), (1, 95), (95, 1), (200, 150)])
def test_one_source_is_replaced_like_many(store: DatasetStore, dataset: Dataset, before: int, after: int) -> None:
    tenant, name = dataset.tenant_id, dataset.id
    store.replace_sources(tenant, name, [a_source("a.md", *["old"] * before), a_source("b.md", "b")])
    seen = current(store, dataset)
    changed = store.replace_source(tenant, name, a_source("a.md", *["new"] * after))
    assert changed == current(store, dataset)
    assert changed.version == seen.version + 1
    assert changed.record_count == after + 1
    assert sorted(texts(store, dataset)) == ["b", *["new"] * after]
    touched = store.changed_between(tenant, name, seen.version, changed.version)
    assert touched == frozenset(imported_record_id("a.md", at) for at in range(max(before, after)))
    assert store.replace_source(tenant, name, a_source("a.md", *["new"] * after)) == changed
    with pytest.raises(NotFoundError):
        store.replace_source(tenant, "none", a_source("a.md", "a"))


def test_readers_see_all_of_one_source_or_nothing(store: DatasetStore, dataset: Dataset) -> None:
    store.replace_source(dataset.tenant_id, dataset.id, a_source("a.md", *["0"] * 40))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            lambda: [
                store.replace_source(dataset.tenant_id, dataset.id, a_source("a.md", *[str(number)] * 40))
                for number in range(1, 15)
            ]
        )
        while not writing.done():
            assert len(set(texts(store, dataset))) == 1
        assert writing.result()[-1] == current(store, dataset)


def test_two_who_replace_at_once_both_get_through(store: DatasetStore, dataset: Dataset) -> None:
    def write(name: str) -> None:
        for number in range(10):
            store.replace_source(dataset.tenant_id, dataset.id, a_source(name, *[str(number)] * (number + 1)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["a.md", "b.md"]))
    assert current(store, dataset).record_count == len(texts(store, dataset)) == 20


def test_many_sources_are_replaced_like_few(store: DatasetStore, dataset: Dataset) -> None:
    first = [a_source(f"{n}.md", f"text {n}", "end") for n in range(40)]
    store.replace_sources(dataset.tenant_id, dataset.id, first)
    second = [a_source(f"{n}.md", f"text {n}" if n < 39 else "new") for n in range(40)]
    after = store.replace_sources(dataset.tenant_id, dataset.id, second)
    assert sorted(texts(store, dataset)) == sorted(["new", *(f"text {n}" for n in range(39))])
    assert (after.record_count, after.version) == (40, 3)


def test_a_source_without_records_is_gone(store: DatasetStore, dataset: Dataset) -> None:
    store.replace_sources(dataset.tenant_id, dataset.id, [a_source("a.md", "a"), a_source("b.md", "b")])
    after = store.replace_sources(dataset.tenant_id, dataset.id, [SourceRecords("a.md")])
    assert texts(store, dataset) == ["b"]
    assert after.record_count == 1


def test_an_unchanged_import_leaves_the_version(store: DatasetStore, dataset: Dataset) -> None:
    first = store.replace_sources(dataset.tenant_id, dataset.id, [a_source("a.md", "a")])
    second = store.replace_sources(
        dataset.tenant_id, dataset.id, [a_source("a.md", "a", now=9), SourceRecords("never.md")]
    )
    assert second == first


def test_an_import_that_breaks_off_still_raises_the_version(store: DatasetStore, dataset: Dataset) -> None:
    def broken() -> Iterator[SourceRecords]:
        yield a_source("a.md", "a")
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        store.replace_sources(dataset.tenant_id, dataset.id, broken())
    assert (current(store, dataset).record_count, current(store, dataset).version) == (1, 2)


def test_an_import_needs_its_dataset(store: DatasetStore) -> None:
    with pytest.raises(NotFoundError, match="Dataset"):
        store.replace_sources("tenant", "none", [a_source("a.md", "a")])


def test_a_deleted_dataset_takes_its_records_with_it(store: DatasetStore, dataset: Dataset) -> None:
    store.replace_sources(dataset.tenant_id, dataset.id, [a_source("a.md", *["a"] * 40)])
    store.delete(dataset.tenant_id, dataset.id)
    assert store.get(dataset.tenant_id, dataset.id) is None
    assert texts(store, dataset) == []
    with pytest.raises(NotFoundError):
        store.delete(dataset.tenant_id, dataset.id)


def test_a_dataset_deleted_during_an_import_leaves_nothing(store: DatasetStore, dataset: Dataset) -> None:
    def changes() -> Iterator[SourceRecords]:
        yield a_source("a.md", "a")
        store.delete(dataset.tenant_id, dataset.id)
        yield a_source("b.md", "b")

    with pytest.raises(NotFoundError):
        store.replace_sources(dataset.tenant_id, dataset.id, changes())
    assert texts(store, dataset) == []


def test_two_imports_at_once_count_right(store: DatasetStore, dataset: Dataset) -> None:
    def inner() -> Iterator[SourceRecords]:
        yield a_source("a.md", "a")
        store.replace_sources(dataset.tenant_id, dataset.id, [a_source("b.md", "b", "b2")])
        store.add_record(dataset.tenant_id, dataset.id, a_record())

    after = store.replace_sources(dataset.tenant_id, dataset.id, inner())
    assert after.record_count == 4
    assert after.version == 4


def test_a_text_has_a_limit() -> None:
    a_record(text="x" * MAX_TEXT_BYTES)
    with pytest.raises(TooLargeError):
        a_record(text="ä" * MAX_TEXT_BYTES)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def faulty(table: Table, faults: Faults) -> DatasetRepository:
    return DatasetRepository(faults.around(table), ManualClock(), RandomIds())


@pytest.fixture
def store_beside(table: Table) -> DatasetRepository:
    """On the same table, without faults: another process."""
    return DatasetRepository(table, SystemClock(), RandomIds())


@pytest.fixture
def stored(faulty: DatasetRepository) -> Dataset:
    made = Dataset(f"tenant-{uuid4().hex}", "docs", "Docs", "", 1, 1)
    faulty.create(made)
    return made


def test_a_contended_change_is_tried_again(faulty: DatasetRepository, stored: Dataset, faults: Faults) -> None:
    faults.fail_before("transact", ContendedError("conflict"))
    faulty.add_record(stored.tenant_id, stored.id, a_record())
    assert (current(faulty, stored).record_count, current(faulty, stored).version) == (1, 2)


def test_a_change_whose_answer_was_lost_is_made_once(
    faulty: DatasetRepository, stored: Dataset, faults: Faults
) -> None:
    faults.fail_after("transact", UnansweredError("timed out"))
    faulty.add_record(stored.tenant_id, stored.id, a_record())
    assert (current(faulty, stored).record_count, current(faulty, stored).version) == (1, 2)


@pytest.mark.parametrize("failure", [ContendedError("conflict"), UnansweredError("timed out")])
def test_the_commit_of_an_import_is_tried_again(
    faulty: DatasetRepository, stored: Dataset, faults: Faults, failure: Exception
) -> None:
    faults.fail_after("transact", failure)
    after = faulty.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    assert after.record_count == 2
    assert after.version > stored.version


def test_a_change_between_count_and_commit_is_counted(
    faulty: DatasetRepository, stored: Dataset, faults: Faults, store_beside: DatasetRepository
) -> None:
    faults.call_before("transact", lambda: store_beside.add_record(stored.tenant_id, stored.id, a_record()))
    after = faulty.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a")])
    assert (after.record_count, after.version) == (2, 3)
    assert faults.pending == []


def test_the_next_import_makes_up_for_one_that_was_killed(
    faulty: DatasetRepository, stored: Dataset, faults: Faults, store_beside: DatasetRepository
) -> None:
    faults.call_after("batch_write", lambda: faults.kill(after_calls=0))
    with pytest.raises(KilledError):
        faulty.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    assert texts(store_beside, stored) == ["a", "b"]
    assert current(store_beside, stored) == stored
    after = store_beside.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    assert (after.record_count, after.version) == (2, 2)
    again = store_beside.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    assert again == after


def test_a_change_that_is_always_contended_is_given_up(
    faulty: DatasetRepository, stored: Dataset, faults: Faults
) -> None:
    for nth in range(1, 20):
        faults.fail_before("transact", ContendedError("conflict"), nth=nth)
    with pytest.raises(ContendedError):
        faulty.add_record(stored.tenant_id, stored.id, a_record())
    with pytest.raises(ContendedError):
        faulty.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a")])


def test_every_item_carries_the_schema_version(table: Table) -> None:
    store = DatasetRepository(table, SystemClock(), RandomIds())
    dataset = Dataset(f"tenant-{uuid4().hex}", "docs", "Docs", "", 1, 1)
    store.create(dataset)
    store.add_record(dataset.tenant_id, dataset.id, a_record())
    for key in (
        keys.dataset(dataset.tenant_id, dataset.id),
        keys.record(dataset.tenant_id, dataset.id, "rec_one"),
    ):
        item = table.get(key)
        assert item is not None
        assert item["v"] == keys.SCHEMA_VERSION
    table.delete(Delete(keys.dataset(dataset.tenant_id, dataset.id)))


def test_records_are_read_on_from_any_id(store: DatasetStore, dataset: Dataset) -> None:
    for number in range(5):
        store.add_record(dataset.tenant_id, dataset.id, a_record(f"rec_{number}"))
    read = [record.id for record in store.records_after(dataset.tenant_id, dataset.id, "", limit=2)]
    assert read == ["rec_0", "rec_1"]
    store.delete_record(dataset.tenant_id, dataset.id, "rec_1")
    rest = store.records_after(dataset.tenant_id, dataset.id, "rec_1", limit=9)
    assert [record.id for record in rest] == ["rec_2", "rec_3", "rec_4"]
    assert store.records_after(dataset.tenant_id, dataset.id, "rec_4", limit=9) == []


def test_a_version_tells_what_it_changed(store: DatasetStore, dataset: Dataset) -> None:
    tenant, name = dataset.tenant_id, dataset.id
    store.add_record(tenant, name, a_record())
    store.replace_sources(tenant, name, [a_source("a.md", "one", "two")])
    store.replace_sources(tenant, name, [a_source("a.md", "one", "TWO"), a_source("b.md", "b")])
    store.delete_record(tenant, name, "rec_one")
    one, two = (imported_record_id("a.md", position) for position in (0, 1))
    other = imported_record_id("b.md", 0)
    assert store.changed_between(tenant, name, 1, 2) == frozenset({"rec_one"})
    assert store.changed_between(tenant, name, 2, 3) == frozenset({one, two})
    assert store.changed_between(tenant, name, 3, 5) == frozenset({two, other, "rec_one"})
    assert store.changed_between(tenant, name, 5, 5) == frozenset()
    assert store.changed_between(tenant, name, 4, 6) is None, "nobody knows of a version that is not there yet"
    assert store.changed_between(tenant, "none", 1, 2) is None


def test_records_are_read_by_their_ids(store: DatasetStore, dataset: Dataset) -> None:
    store.replace_sources(dataset.tenant_id, dataset.id, [a_source("a.md", *[f"a{n}" for n in range(130)])])
    wanted = [imported_record_id("a.md", position) for position in range(120)]
    found = store.records_of(dataset.tenant_id, dataset.id, [*wanted, *wanted, "rec_none"])
    assert sorted(record.id for record in found) == sorted(wanted)
    assert store.records_of(dataset.tenant_id, "none", wanted) == []
    assert store.records_of(dataset.tenant_id, dataset.id, []) == []


def test_a_published_snapshot_is_pointed_to_and_ends_the_log_before_it(store: DatasetStore, dataset: Dataset) -> None:
    tenant, name = dataset.tenant_id, dataset.id
    for number in range(3):
        store.add_record(tenant, name, a_record(f"rec_{number}"))
    seen = current(store, dataset)
    store.add_record(tenant, name, a_record("rec_later"))
    assert store.publish(seen, Snapshot(seen.version, "key"))
    assert current(store, dataset).snapshot == Snapshot(4, "key")
    assert current(store, dataset).version == 5
    assert store.changed_between(tenant, name, 4, 5) == frozenset({"rec_later"})
    assert store.changed_between(tenant, name, 3, 5) is None
    store.rename(tenant, name, name="New", description="")
    assert current(store, dataset).snapshot == Snapshot(4, "key")


def test_of_two_snapshots_the_newer_stays(store: DatasetStore, dataset: Dataset) -> None:
    store.add_record(dataset.tenant_id, dataset.id, a_record())
    seen = current(store, dataset)
    assert store.publish(seen, Snapshot(2, "newer"))
    assert not store.publish(seen, Snapshot(1, "older"))
    assert not store.publish(seen, Snapshot(2, "as new"))
    again = current(store, dataset)
    assert store.publish(again, Snapshot(2, "instead of one that was lost"))
    assert current(store, dataset).snapshot == Snapshot(2, "instead of one that was lost")


def test_nothing_is_published_for_a_dataset_that_was_made_again(store: DatasetStore, dataset: Dataset) -> None:
    store.delete(dataset.tenant_id, dataset.id)
    assert not store.publish(dataset, Snapshot(1, "key"))
    store.create(replace(dataset, created_at=dataset.created_at + 1))
    assert not store.publish(dataset, Snapshot(1, "key"))
    assert current(store, dataset).snapshot is None


def test_a_deleted_dataset_takes_its_log_with_it(store: DatasetStore, dataset: Dataset) -> None:
    store.add_record(dataset.tenant_id, dataset.id, a_record())
    store.delete(dataset.tenant_id, dataset.id)
    store.create(dataset)
    assert store.changed_between(dataset.tenant_id, dataset.id, 1, 2) is None


def test_what_a_killed_import_changed_nobody_claims_to_know(
    faulty: DatasetRepository, stored: Dataset, faults: Faults, store_beside: DatasetRepository
) -> None:
    faults.call_after("batch_write", lambda: faults.kill(after_calls=0))
    with pytest.raises(KilledError):
        faulty.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    store_beside.replace_sources(stored.tenant_id, stored.id, [a_source("a.md", "a", "b")])
    assert store_beside.changed_between(stored.tenant_id, stored.id, 1, 2) is None


def test_a_version_that_changed_too_much_to_say_leaves_a_gap(store_beside: DatasetRepository, stored: Dataset) -> None:
    long = [a_record(f"rec_{number}_{'x' * 900}") for number in range(250)]
    store_beside.replace_sources(stored.tenant_id, stored.id, [SourceRecords("hand.md", tuple(long))])
    assert store_beside.changed_between(stored.tenant_id, stored.id, 1, 2) is None


def test_a_record_written_between_reading_the_version_and_raising_it(
    faulty: DatasetRepository, stored: Dataset, faults: Faults, store_beside: DatasetRepository
) -> None:
    faults.call_before("transact", lambda: store_beside.add_record(stored.tenant_id, stored.id, a_record("rec_other")))
    faulty.add_record(stored.tenant_id, stored.id, a_record())
    assert (current(faulty, stored).record_count, current(faulty, stored).version) == (2, 3)
    assert faulty.changed_between(stored.tenant_id, stored.id, 2, 3) == frozenset({"rec_one"})


def test_many_who_write_at_once_all_get_through(store_beside: DatasetRepository, stored: Dataset) -> None:
    numbers = range(24)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store_beside.add_record(stored.tenant_id, stored.id, a_record(f"rec_{n}")), numbers))
    after = current(store_beside, stored)
    assert (after.record_count, after.version) == (24, 25)
    assert store_beside.changed_between(stored.tenant_id, stored.id, 1, 25) == frozenset({f"rec_{n}" for n in numbers})
