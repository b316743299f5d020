"""Snapshots: when they are made, what search does with them, and without."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from parlance.knowledge.datasets import Dataset, Record, Snapshot, SourceRecords, imported_record_id
from parlance.knowledge.indexer import Indexer
from parlance.knowledge.indexing import SMALL, AnnouncedDatasets
from parlance.knowledge.search import Search
from parlance.knowledge.snapshots import SnapshotStoreError
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets
from tests.fakes.snapshots import MemorySnapshots, RecordedRequests

BIRDS = ("kestrel", "heron", "tern", "owl", "swift", "wren")


class CountingDatasets(MemoryDatasets):
    """Counts how often all records are read, and how many are read one by one."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.full_reads = 0
        self.single_reads = 0

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]:
        self.full_reads += 1
        return super().records(tenant_id, dataset_id)

    def records_of(self, tenant_id: str, dataset_id: str, record_ids: Iterable[str]) -> list[Record]:
        found = super().records_of(tenant_id, dataset_id, record_ids)
        self.single_reads += len(found)
        return found


class House:
    """One dataset of a hundred records, and everything around it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = CountingDatasets(self.clock)
        self.snapshots = MemorySnapshots(self.clock)
        self.requests = RecordedRequests()
        self.indexer = Indexer(self.store, self.snapshots, self.requests)
        self.store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
        self.write(100)

    def write(self, count: int, source: str = "birds.md", said: str = "") -> None:
        texts = [f"{BIRDS[n % len(BIRDS)]} number{n} {said}".strip() for n in range(count)]
        records = tuple(
            Record(imported_record_id(source, n), text, source, "", n, 1, 1) for n, text in enumerate(texts)
        )
        self.store.replace_sources("tenant", "docs", [SourceRecords(source, records)])

    def add(self, name: str, text: str) -> None:
        self.store.add_record("tenant", "docs", Record(f"rec_{name}", text, "hand", "", 0, 1, 1))

    def index(self, *, unreadable: bool = False) -> bool:
        return self.indexer.index("tenant", "docs", deadline=self.clock.monotonic() + 900, unreadable=unreadable)

    def search(self) -> Search:
        """A cold start."""
        self.store.full_reads = self.store.single_reads = self.snapshots.reads = 0
        self.requests.asked.clear()
        return Search(self.store, self.clock, ttl=0, snapshots=self.snapshots, requests=self.requests)

    @property
    def dataset(self) -> Dataset:
        found = self.store.get("tenant", "docs")
        assert found is not None
        return found


@pytest.fixture
def house() -> House:
    return House()


def texts(search: Search, question: str, limit: int = 5) -> list[str]:
    return [hit.record.text for hit in search.search("tenant", "docs", question, limit)]


def test_a_cold_start_reads_the_snapshot_and_what_came_after_it(house: House) -> None:
    assert house.index()
    house.add("new", "a bittern booms")
    search = house.search()
    assert texts(search, "bittern") == ["a bittern booms"]
    assert texts(search, "number42") == ["kestrel number42"]
    assert (house.store.full_reads, house.store.single_reads, house.snapshots.reads) == (0, 1, 1)


def test_changes_and_deletions_after_the_snapshot_are_right(house: House) -> None:
    house.index()
    ids = [imported_record_id("birds.md", n) for n in range(3)]
    house.store.delete_record("tenant", "docs", ids[0])
    held = house.store.get_record("tenant", "docs", ids[1])
    assert held is not None
    house.store.update_record("tenant", "docs", replace(held, text="a bittern booms"))
    search = house.search()
    assert texts(search, "number0") == texts(search, "number1") == []
    assert texts(search, "bittern") == ["a bittern booms"]
    assert texts(search, "number2") == ["tern number2"]
    assert house.store.full_reads == 0


def test_a_write_does_not_build_anew_what_is_in_memory(house: House) -> None:
    search = house.search()
    assert texts(search, "number7") == ["heron number7"]
    for n in range(5):
        house.add(f"new{n}", f"bittern{n}")
        assert texts(search, f"bittern{n}") == [f"bittern{n}"]
    house.store.delete_record("tenant", "docs", "rec_new3")
    assert texts(search, "bittern3") == []
    assert (house.store.full_reads, house.store.single_reads) == (1, 5)


def test_without_a_snapshot_the_table_is_read_and_one_is_asked_for(house: House) -> None:
    search = house.search()
    assert texts(search, "number7") == ["heron number7"]
    assert house.requests.asked == [("tenant", "docs", False)]
    texts(search, "number8")
    assert len(house.requests.asked) == 1


def test_a_small_dataset_needs_none(house: House) -> None:
    house.write(SMALL - 1)
    assert texts(house.search(), "number7") == ["heron number7"]
    assert house.requests.asked == []
    assert not house.index()
    assert house.snapshots.held == {}


@pytest.mark.parametrize("spoiled", [None, b"", b"rubbish"])
def test_a_snapshot_of_no_use_is_reported_and_replaced(house: House, spoiled: bytes | None) -> None:
    house.index()
    (key,) = house.snapshots.held
    if spoiled is None:
        house.snapshots.remove(key)
    else:
        house.snapshots.held[key] = (spoiled, 0)
    assert texts(house.search(), "number7") == ["heron number7"]
    assert house.store.full_reads == 1
    assert house.requests.asked == [("tenant", "docs", True)]
    assert house.index(unreadable=True)
    assert texts(house.search(), "number7") == ["heron number7"]
    assert (house.store.full_reads, house.requests.asked) == (0, [])
    assert len(house.snapshots.held) == 1


def test_a_false_report_makes_no_work(house: House) -> None:
    house.index()
    before = dict(house.snapshots.held)
    assert not house.index(unreadable=True)
    assert house.snapshots.held == before


def test_a_store_that_is_down_costs_time_and_no_answer(house: House) -> None:
    house.index()
    house.snapshots.fails = True
    assert texts(house.search(), "number7") == ["heron number7"]
    assert house.store.full_reads == 1
    house.write(100, said="again")
    with pytest.raises(SnapshotStoreError):
        house.index()
    assert house.dataset.snapshot is not None


def test_a_snapshot_is_made_anew_only_when_much_has_changed(house: House) -> None:
    assert house.index()
    first = house.dataset.snapshot
    for n in range(SMALL - 1):
        house.add(f"new{n}", f"bittern{n}")
    assert not house.index()
    house.search().search("tenant", "docs", "bittern1")
    assert house.requests.asked == []
    house.add("last", "one more")
    house.search().search("tenant", "docs", "bittern1")
    assert house.requests.asked == [("tenant", "docs", False)]
    assert house.index()
    assert house.dataset.snapshot != first
    assert len(house.snapshots.held) == 1
    assert texts(house.search(), "bittern5") == ["bittern5"]
    assert (house.store.full_reads, house.store.single_reads) == (0, 0)


def test_a_snapshot_follows_from_the_one_before(house: House) -> None:
    house.index()
    house.write(200)
    house.store.full_reads = 0
    assert house.index()
    assert house.store.full_reads == 0
    assert texts(house.search(), "number150") == ["kestrel number150"]


def test_where_the_log_has_a_gap_all_is_read(house: House) -> None:
    house.index()
    house.add("new", "a bittern booms")
    house.add("newer", "a crane calls")
    house.store.forget_changes("tenant", "docs", house.dataset.version - 1)
    assert texts(house.search(), "bittern") == ["a bittern booms"]
    assert house.store.full_reads == 1
    assert house.requests.asked == [("tenant", "docs", False)]
    assert house.index()


def test_two_workers_at_once_leave_one_snapshot(house: House) -> None:
    class Slow(MemorySnapshots):
        """Both put before either publishes."""

        def put(self, dataset: Dataset, data: bytes) -> str:
            key = super().put(dataset, data)
            both.wait(10)
            return key

    both = threading.Barrier(2)
    house.snapshots = Slow(house.clock)
    indexer = Indexer(house.store, house.snapshots, house.requests)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(indexer.index("tenant", "docs", deadline=900))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(results) == [False, True]
    assert house.dataset.snapshot is not None
    assert list(house.snapshots.held) == [house.dataset.snapshot.key]
    assert texts(house.search(), "number7") == ["heron number7"]
    assert house.store.full_reads == 0


def test_a_snapshot_that_was_replaced_while_it_was_looked_for(house: House) -> None:
    """The reader knew of the old one; it finds the new one."""
    house.index()
    house.store.create(Dataset("tenant", "more", "More", "", 1, 1))
    search = Search(house.store, house.clock, ttl=60, size=1, snapshots=house.snapshots, requests=house.requests)
    assert texts(search, "number7") == ["heron number7"]
    search.search("tenant", "more", "pushes the other out of memory")
    house.write(200)
    house.index()
    house.store.full_reads = 0
    assert texts(search, "number150") == ["kestrel number150"]
    assert house.store.full_reads == 0


def test_a_writer_in_the_meantime_is_not_lost(house: House) -> None:
    """What is written while a snapshot is being made comes after it."""

    class Interrupted(MemorySnapshots):
        def put(self, dataset: Dataset, data: bytes) -> str:
            house.add("new", "a bittern booms")
            return super().put(dataset, data)

    house.snapshots = Interrupted(house.clock)
    assert Indexer(house.store, house.snapshots, house.requests).index("tenant", "docs", deadline=900)
    assert texts(house.search(), "bittern") == ["a bittern booms"]
    assert house.store.full_reads == 0


def test_a_deleted_dataset_takes_its_snapshots_with_it(house: House) -> None:
    house.index()
    house.store.delete("tenant", "docs")
    assert not house.index()
    assert house.snapshots.held == {}


def test_a_dataset_made_again_under_its_id_starts_without(house: House) -> None:
    house.index()
    house.store.delete("tenant", "docs")
    house.store.create(Dataset("tenant", "docs", "Docs", "", 2, 2))
    assert texts(house.search(), "number7") == []


def test_the_snapshot_of_another_tenant_is_never_opened(house: House) -> None:
    house.index()
    snapshot = house.dataset.snapshot
    other = Dataset("other", "docs", "Docs", "", 1, 1, version=1, snapshot=snapshot)
    house.store.create(other)
    search = house.search()
    assert search.search("other", "docs", "number7") == []
    assert texts(search, "number7") == ["heron number7"]


def test_what_a_killed_builder_left_is_swept_later(house: House) -> None:
    left = house.snapshots.put(house.dataset, b"left")
    house.index()
    assert left in house.snapshots.held
    house.clock.advance(3_700)
    house.write(200)
    house.index()
    assert left not in house.snapshots.held


def test_changes_ask_for_an_index(house: House) -> None:
    announced = AnnouncedDatasets(house.store, house.requests)
    record = Record("rec_x", "x", "hand", "", 0, 1, 1)
    announced.add_record("tenant", "docs", record)
    announced.update_record("tenant", "docs", replace(record, text="y"))
    announced.delete_record("tenant", "docs", "rec_x")
    announced.replace_sources("tenant", "docs", [])
    announced.delete("tenant", "docs")
    assert house.requests.asked == [("tenant", "docs", False)] * 5


def test_an_import_that_breaks_off_asks_too(house: House) -> None:
    def changes() -> Iterator[SourceRecords]:
        yield SourceRecords("birds.md")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        AnnouncedDatasets(house.store, house.requests).replace_sources("tenant", "docs", changes())
    assert house.requests.asked == [("tenant", "docs", False)]


def test_reading_announces_nothing(house: House) -> None:
    announced = AnnouncedDatasets(house.store, house.requests)
    assert announced.get("tenant", "docs") == house.dataset
    assert len(list(announced.records("tenant", "docs"))) == 100
    assert not announced.publish(replace(house.dataset, created_at=9), Snapshot(1, "key"))
    assert house.requests.asked == []
