"""Ranked search in a dataset, on an index that is built from its records and kept until they change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache
from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.index import MAX_WORDS, Entry, Index
from parlance.knowledge.words import content_words

MAX_VERSION_AGE = 60.0
"""Seconds for which a dataset's version may be believed without asking again."""

_MAX_DISTINCT = 512
_CANDIDATES = 40
_PARAGRAPH = 250


class RecordSource(Protocol):
    """What search needs of a DatasetStore."""

    def get(self, tenant_id: str, dataset_id: str) -> Dataset | None: ...

    def records(self, tenant_id: str, dataset_id: str) -> Iterator[Record]: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found; higher scores are better.

    `words` are the words of the question that the record holds, `share` is how much of the question that is, from
    0 to 1: a rare word tells more than a common one, and one that no record holds tells most.
    """

    record: Record
    score: float
    words: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class _Indexed:
    records: Sequence[Record]
    index: Index


@dataclass(frozen=True, slots=True)
class _Edition:
    """One state of a dataset's records. With `created_at`, because a dataset may be made again under its old id."""

    tenant_id: str
    dataset_id: str
    created_at: int
    version: int


class Search:
    """Finds records by the words of a question. Thread-safe.

    `ttl` is how long a dataset's version is believed, `size` how many datasets are kept indexed.
    """

    def __init__(self, store: RecordSource, clock: Clock, *, ttl: float = MAX_VERSION_AGE, size: int = 8) -> None:
        if not 0 <= ttl <= MAX_VERSION_AGE:
            raise ValueError(f"ttl must lie between 0 and {MAX_VERSION_AGE:g} seconds")
        self._store = store
        self._editions = TimedCache(self._edition, clock, ttl=ttl, size=1_000)
        self._indexes = TimedCache(self._build, clock, ttl=None, size=size)

    def search(self, tenant_id: str, dataset_id: str, query: str, limit: int = 5) -> list[Hit]:
        """The best records for any text as a question; none for a dataset that does not exist."""
        return self.search_words(tenant_id, dataset_id, content_words(query), limit)

    def search_words(self, tenant_id: str, dataset_id: str, wanted: Sequence[str], limit: int = 5) -> list[Hit]:
        edition = self._editions.get((tenant_id, dataset_id))
        if edition is None or not wanted or limit < 1:
            return []
        return _search(self._indexes.get(edition), wanted, limit)

    def _edition(self, key: tuple[str, str]) -> _Edition | None:
        dataset = self._store.get(*key)
        return _Edition(*key, dataset.created_at, dataset.version) if dataset else None

    def _build(self, edition: _Edition) -> _Indexed:
        records = list(self._store.records(edition.tenant_id, edition.dataset_id))
        entries = (Entry(body=one.text, title=one.title, source=one.source) for one in records)
        return _Indexed(records, Index(entries))


def _search(indexed: _Indexed, wanted: Sequence[str], limit: int) -> list[Hit]:
    """BM25, corrected: of passages that rank alike the one that speaks of more of the question answers it better."""
    index = indexed.index
    places = {word: index.places(word) for word in islice(dict.fromkeys(wanted), _MAX_DISTINCT)}
    rarity = {word: index.rarity(len(found)) for word, found in places.items()}
    known = sorted((word for word in places if places[word]), key=lambda word: -rarity[word])[:MAX_WORDS]
    hits = []
    for ranked in index.ranked(known, max(limit, _CANDIDATES)):
        held = tuple(word for word in known if ranked.place in places[word])
        share = _share(held, rarity)
        record = indexed.records[ranked.place]
        score = ranked.score * (0.5 + share) * _substance(record.text) * _opening(record, len(rarity))
        hits.append(Hit(record, score, held, share))
    hits.sort(key=lambda hit: -hit.score)
    return hits[:limit]


def _substance(text: str) -> float:
    """From 0.6 for next to nothing to 1 for a paragraph: BM25 favours the shortest text, often a list of links."""
    return 0.6 + 0.4 * min(1.0, len(text) / _PARAGRAPH)


def _opening(record: Record, asked: int) -> float:
    """The less a question says, the more it wants to know what a thing is, and documents open with that."""
    return 1.0 + 0.5 / asked**2 if record.position == 0 else 1.0


def _share(held: Sequence[str], rarity: Mapping[str, float]) -> float:
    return sum(rarity[word] for word in held) / sum(rarity.values())
