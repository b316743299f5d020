"""Ranked search in a dataset and what it keeps."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.search import Search
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets

TEXTS = {
    "run.md": "Start Parlance with make run. It opens the front door.",
    "stop.md": "Stop Parlance with Ctrl-C. Its state is saved.",
    "keys.md": "An API key is made by the admin command and shown once.",
    "empty.md": "?!",
}


class CountingDatasets(MemoryDatasets):
    """Counts how often it is read."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.versions_read = 0
        self.records_read = 0

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None:
        self.versions_read += 1
        return super().get(tenant_id, dataset_id)

    def records(self, tenant_id: str, dataset_id: str):  # type: ignore[no-untyped-def]
        self.records_read += 1
        return super().records(tenant_id, dataset_id)


def record(source: str, text: str) -> Record:
    return Record(f"rec_{source}", text, source, source.removesuffix(".md"), 0, 1, 1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> CountingDatasets:
    store = CountingDatasets(clock)
    store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
    for source, text in TEXTS.items():
        store.add_record("tenant", "docs", record(source, text))
    store.versions_read = store.records_read = 0
    return store


@pytest.fixture
def search(store: CountingDatasets, clock: ManualClock) -> Search:
    return Search(store, clock)


def sources(search: Search, query: str, limit: int = 5) -> list[str]:
    return [hit.record.source for hit in search.search("tenant", "docs", query, limit)]


def test_the_best_record_comes_first(search: Search) -> None:
    assert sources(search, "How do I start Parlance?") == ["run.md", "stop.md"]
    assert sources(search, "How do I get API keys?") == ["keys.md"]


def test_a_hit_says_how_much_of_the_question_it_holds(search: Search) -> None:
    first, second = search.search("tenant", "docs", "How do I start Parlance?")
    assert first.score > second.score > 0
    assert set(first.words) == {"start", "parlance"}
    assert first.share == pytest.approx(1)
    assert second.words == ("parlance",)
    assert second.share < 0.5


def test_words_that_do_not_occur_lower_the_share(search: Search) -> None:
    hit = search.search("tenant", "docs", "start the washing machine")[0]
    assert hit.words == ("start",)
    assert hit.share < 0.5


def test_what_a_thing_is_stands_where_its_document_opens(store: CountingDatasets, clock: ManualClock) -> None:
    for position, text in enumerate(["A kestrel is a small falcon, and it hovers.", "Kestrel, kestrel: two calls."]):
        store.add_record("tenant", "docs", Record(f"rec_{position}", text, "kestrel.md", "", position, 1, 1))
    assert Search(store, clock).search("tenant", "docs", "What is a kestrel?")[0].record.position == 0


def test_the_limit_holds(search: Search) -> None:
    assert len(sources(search, "parlance", limit=1)) == 1
    assert sources(search, "parlance", limit=0) == []


def test_nothing_in_common_finds_nothing(search: Search) -> None:
    assert sources(search, "pizza") == []
    assert sources(search, "") == []
    assert sources(search, "what is it?") == []


def test_a_dataset_is_found_by_its_tenant_alone(search: Search) -> None:
    assert search.search("another", "docs", "parlance") == []
    assert search.search("tenant", "none", "parlance") == []


def test_the_index_is_built_once_and_the_version_believed_for_a_while(
    search: Search, store: CountingDatasets, clock: ManualClock
) -> None:
    for _ in range(3):
        sources(search, "parlance")
    assert (store.versions_read, store.records_read) == (1, 1)
    clock.advance(61)
    sources(search, "parlance")
    assert (store.versions_read, store.records_read) == (2, 1)


def test_a_change_is_seen_when_the_version_is_asked_for_again(
    search: Search, store: CountingDatasets, clock: ManualClock
) -> None:
    assert sources(search, "pizza") == []
    store.add_record("tenant", "docs", record("pizza.md", "Pizza is served at noon."))
    assert sources(search, "pizza") == [], "the version is believed for a minute"
    clock.advance(61)
    assert sources(search, "pizza") == ["pizza.md"]


def test_a_dataset_made_again_under_its_id_is_another(
    search: Search, store: CountingDatasets, clock: ManualClock
) -> None:
    assert sources(search, "parlance")
    store.delete("tenant", "docs")
    store.create(Dataset("tenant", "docs", "Docs", "", 2, 2, version=5))
    clock.advance(61)
    assert sources(search, "parlance") == []


def test_only_so_many_indexes_are_kept(store: CountingDatasets, clock: ManualClock) -> None:
    search = Search(store, clock, size=1)
    store.create(Dataset("tenant", "more", "More", "", 1, 1))
    sources(search, "parlance")
    search.search("tenant", "more", "parlance")
    sources(search, "parlance")
    assert store.records_read == 3


def test_a_version_is_believed_for_a_minute_at_most(store: CountingDatasets, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="between 0 and 60"):
        Search(store, clock, ttl=61)


@pytest.mark.parametrize(
    "query",
    ['"start" AND (', "start\0parlance", "start 🙂 parlance", "\ud800 start", "start* NOT parlance", "a'; DROP --"],
)
def test_odd_questions(search: Search, query: str) -> None:
    sources(search, query)


def test_a_very_long_question(search: Search) -> None:
    query = " ".join(f"word{n}" for n in range(3_000)) + " start"
    assert len(query) > 24_000
    sources(search, query)
    assert sources(search, "start " + query)[0] == "run.md"


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_question_can_be_asked(query: str) -> None:
    clock = ManualClock()
    store = MemoryDatasets(clock)
    store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
    store.add_record("tenant", "docs", record("a.md", query or "x"))
    Search(store, clock).search("tenant", "docs", query)


def test_many_threads_may_search_at_once(search: Search, store: CountingDatasets) -> None:
    failures: list[Exception] = []

    def ask() -> None:
        try:
            for _ in range(50):
                assert sources(search, "How do I start Parlance?")[0] == "run.md"
        except Exception as error:  # noqa: BLE001 - a thread's failure has to reach the test
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert store.records_read == 1
