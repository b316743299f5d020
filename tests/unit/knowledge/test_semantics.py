"""Search by meaning: what words alone do not find, and how it goes on where meaning cannot be had."""

import pytest

from parlance.knowledge.datasets import Dataset, Record, SourceRecords, imported_record_id
from parlance.knowledge.embedding import EmbeddingError
from parlance.knowledge.indexer import Indexer
from parlance.knowledge.search import Search
from parlance.knowledge.semantics import Embeddings, VectorStoreError
from tests.fakes.clock import ManualClock
from tests.fakes.datasets import MemoryDatasets
from tests.fakes.embedding import ConceptEmbedder, MemoryVectors
from tests.fakes.snapshots import MemorySnapshots, RecordedRequests

TEXTS = (
    "The automobile needs new tyres.",
    "A physician must sign the form.",
    "The ship leaves at noon.",
    "Work commences at nine.",
    "Please slumber quietly.",
    "The form is blue.",
)


class House:
    """Six passages, with vectors on the shelf or in a store of their own."""

    def __init__(self, vectors: MemoryVectors | None) -> None:
        self.clock = ManualClock()
        self.store = MemoryDatasets(self.clock)
        self.snapshots = MemorySnapshots(self.clock)
        self.requests = RecordedRequests()
        self.embedder = ConceptEmbedder()
        self.vectors = vectors
        self.store.create(Dataset("tenant", "docs", "Docs", "", 1, 1))
        self.write(TEXTS)

    @property
    def embeddings(self) -> Embeddings:
        return Embeddings(self.embedder, self.clock, self.vectors)

    def write(self, texts: tuple[str, ...]) -> None:
        records = tuple(
            Record(imported_record_id("a.md", n), text, "a.md", "", n, 1, 1) for n, text in enumerate(texts)
        )
        self.store.replace_sources("tenant", "docs", [SourceRecords("a.md", records)])

    def index(self, seconds: float = 900) -> bool:
        indexer = Indexer(self.store, self.snapshots, self.requests, self.embeddings)
        return indexer.index("tenant", "docs", deadline=self.clock.monotonic() + seconds)

    def search(self) -> Search:
        return Search(
            self.store,
            self.clock,
            ttl=0,
            snapshots=self.snapshots,
            requests=self.requests,
            semantics=self.embeddings,
        )

    def best(self, question: str) -> str:
        return self.search().search("tenant", "docs", question)[0].record.text


@pytest.fixture(params=["shelf", "store"])
def house(request: pytest.FixtureRequest) -> House:
    house = House(MemoryVectors() if request.param == "store" else None)
    house.index()
    return house


@pytest.mark.parametrize(
    ("question", "text"), [("car", TEXTS[0]), ("Where is a doctor?", TEXTS[1]), ("vessel", TEXTS[2])]
)
def test_what_says_the_same_in_other_words_is_found(house: House, question: str, text: str) -> None:
    assert house.best(question) == text
    (first, *_) = house.search().search("tenant", "docs", question)
    assert first.words == ()
    assert first.similarity is not None
    assert first.similarity > 0.9


def test_words_alone_do_not_find_it(house: House) -> None:
    assert Search(house.store, house.clock).search("tenant", "docs", "car") == []
    assert house.search().search_words("tenant", "docs", ["car"]) == []


def test_both_together_decide(house: House) -> None:
    """Two passages speak of a form; the one that is about a doctor as well is meant."""
    assert house.best("Which form does the doctor need?") == TEXTS[1]
    assert house.best("Which form is blue?") == TEXTS[5]


def test_a_change_is_found_by_words_at_once_and_by_meaning_after_the_next_index(house: House) -> None:
    house.write((*TEXTS, "A tiny lantern."))
    assert house.best("lantern") == "A tiny lantern."
    assert "A tiny lantern." not in [hit.record.text for hit in house.search().search("tenant", "docs", "little", 1)]
    assert house.index()
    assert house.best("little") == "A tiny lantern."


def test_a_process_that_was_there_before_the_vectors_gets_them(house: House) -> None:
    """Nothing has changed in the dataset, so its version says nothing of them."""
    house.embedder = ConceptEmbedder(name="concepts, second edition")
    search = house.search()
    assert search.search("tenant", "docs", "car") == []
    house.index()
    assert search.search("tenant", "docs", "car")[0].record.text == TEXTS[0]


def test_a_search_that_misses_the_vectors_asks_for_them(house: House) -> None:
    """As where a stack is given an embedding model after its datasets."""
    house.best("blue form")
    assert house.requests.asked == []
    house.embedder = ConceptEmbedder(name="concepts, second edition")
    search = house.search()
    for _ in range(3):
        search.search("tenant", "docs", "blue form")
    assert house.requests.asked == [("tenant", "docs", False)]


def test_only_what_changed_is_embedded_again(house: House) -> None:
    house.embedder.asked.clear()
    house.write((*TEXTS[:5], "The form is small."))
    assert house.index()
    assert house.embedder.asked == ["The form is small."]
    assert not house.index()


def test_what_was_deleted_is_not_found_by_its_meaning(house: House) -> None:
    house.store.delete_record("tenant", "docs", imported_record_id("a.md", 0))
    found = [hit.record.text for hit in house.search().search("tenant", "docs", "car", 10)]
    assert TEXTS[0] not in found


def test_another_model_starts_over(house: House) -> None:
    house.embedder = ConceptEmbedder(name="concepts, second edition")
    assert house.search().search("tenant", "docs", "car") == [], "vectors of two models are never compared"
    assert house.index()
    assert len(house.embedder.asked) == len(TEXTS)
    assert house.best("car") == TEXTS[0]


def test_a_model_that_is_down_leaves_search_by_words(house: House) -> None:
    house.embedder.fails = True
    assert house.best("blue form") == TEXTS[5]
    assert house.search().search("tenant", "docs", "car") == []


def test_a_question_of_stop_words_has_a_meaning_all_the_same(house: House) -> None:
    assert house.search().search("tenant", "docs", "who is it?") != []
    assert house.search().search("tenant", "docs", "   ") == []


def test_a_failure_in_the_middle_keeps_the_snapshot_and_is_told(house: House) -> None:
    house.write(tuple(f"tiny car number{n}" for n in range(200)))
    house.embedder.asked.clear()
    house.embedder.fails_after = 100
    with pytest.raises(EmbeddingError):
        house.index()
    assert len(house.embedder.asked) == 128
    house.embedder.fails_after = None
    assert house.index()
    assert len(house.embedder.asked) == 200, "what was made before the failure is not made again"
    assert not house.index()


def test_a_worker_without_time_hands_over(house: House) -> None:
    house.write(tuple(f"tiny car number{n}" for n in range(200)))
    house.index(seconds=5)
    assert house.requests.asked == [("tenant", "docs", False)]
    house.index()
    assert house.best("small automobile").startswith("tiny car")


def test_a_store_of_vectors_that_is_down() -> None:
    vectors = MemoryVectors()
    house = House(vectors)
    house.index()
    vectors.fails = True
    assert house.best("blue form") == TEXTS[5]
    house.write((*TEXTS, "A tiny lantern."))
    with pytest.raises(VectorStoreError):
        house.index()


def test_vectors_of_records_that_are_gone_are_removed() -> None:
    vectors = MemoryVectors()
    house = House(vectors)
    house.index()
    house.write((*TEXTS[:3], "A tiny lantern."))
    house.index()
    (space,) = vectors.spaces.values()
    assert len(space) == 4
    house.store.delete("tenant", "docs")
    house.index()
    assert vectors.spaces == {}


def test_two_tenants_with_the_same_names_share_no_vector() -> None:
    vectors = MemoryVectors()
    house = House(vectors)
    house.index()
    house.store.create(Dataset("other", "docs", "Docs", "", 1, 1))
    record = Record("rec_x", "A little car.", "x.md", "", 0, 1, 1)
    house.store.add_record("other", "docs", record)
    Indexer(house.store, house.snapshots, house.requests, house.embeddings).index("other", "docs", deadline=900)
    assert {space[0]: len(held) for space, held in vectors.spaces.items()} == {"tenant": 6, "other": 1}
    assert [hit.record.text for hit in house.search().search("other", "docs", "automobile", 10)] == ["A little car."]
    assert "A little car." not in [hit.record.text for hit in house.search().search("tenant", "docs", "small car", 10)]
