"""Ranked search in a dataset: by words, and by meaning where there are embeddings, made one by rank fusion.

The records are kept in memory and follow their dataset: a change is read and applied, nothing is built anew for it.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache
from parlance.knowledge.datasets import Dataset, Record, Snapshot
from parlance.knowledge.fusion import fused
from parlance.knowledge.index import Ranked
from parlance.knowledge.indexing import IndexRequests, NoRequests, is_due
from parlance.knowledge.loading import Loader, RecordSource
from parlance.knowledge.rules import SearchRules
from parlance.knowledge.shelf import Asked, Hit, Shelf
from parlance.knowledge.snapshots import SnapshotStore
from parlance.knowledge.words import STOP_WORDS, words

__all__ = ["MAX_VERSION_AGE", "Hit", "RecordSource", "Search", "Semantics", "among"]

MAX_VERSION_AGE = 60.0
"""Seconds for which a dataset's version may be believed without asking again."""

_FUSED_DEPTH = 100
"""How far down each ranking is looked before they are made one."""


class Semantics(Protocol):
    """Finds records by their meaning."""

    def is_known(self, shelf: Shelf) -> bool:
        """Whether the meaning of what is on the shelf has been made out at all."""
        ...

    def nearest(self, dataset: Dataset, shelf: Shelf, question: str, limit: int) -> Mapping[str, float]:
        """The ids of the records on the shelf that are closest to the question, best first, with their similarity.

        Nothing where meaning cannot be compared now: search goes on by words then.
        """
        ...


@dataclass(slots=True)
class _Held:
    """One dataset's shelf, and the snapshot there was when it was loaded.

    The lock lets one caller load while the others wait for the result.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    shelf: Shelf | None = None
    snapshot: Snapshot | None = None


class Search:
    """Finds records for a question. Thread-safe.

    `ttl` is how long a dataset's version is believed, `size` how many datasets are kept in memory. `requests` is told
    when a snapshot would have spared work.
    """

    def __init__(
        self,
        store: RecordSource,
        clock: Clock,
        *,
        ttl: float = MAX_VERSION_AGE,
        size: int = 8,
        snapshots: SnapshotStore | None = None,
        requests: IndexRequests | None = None,
        semantics: Semantics | None = None,
    ) -> None:
        if not 0 <= ttl <= MAX_VERSION_AGE:
            raise ValueError(f"ttl must lie between 0 and {MAX_VERSION_AGE:g} seconds")
        self._store = store
        self._loader = Loader(store, snapshots)
        self._requests = requests or NoRequests()
        self._semantics = semantics
        self._datasets = TimedCache[tuple[str, str], Dataset | None](
            lambda key: store.get(*key), clock, ttl=ttl, size=1_000
        )
        # With the time of creation, because a dataset may be made again under its old id.
        self._held = TimedCache[tuple[str, str, int], _Held](lambda _: _Held(), clock, ttl=None, size=size)

    def search(self, tenant_id: str, dataset_id: str, query: str, limit: int = 5) -> list[Hit]:
        """The best records for any text as a question; none for a dataset that does not exist."""
        return self._search(
            tenant_id, dataset_id, [word for word in words(query) if word not in STOP_WORDS], query, limit
        )

    def search_words(self, tenant_id: str, dataset_id: str, wanted: Sequence[str], limit: int = 5) -> list[Hit]:
        """The best records for these words, by words alone. One that is named twice counts twice."""
        return self._search(tenant_id, dataset_id, wanted, "", limit)

    def rules(self, tenant_id: str, dataset_id: str) -> SearchRules:
        """What the dataset's owner says about searching it. They are for who asks to apply."""
        dataset = self._datasets.get((tenant_id, dataset_id))
        return SearchRules.of(dataset.profile) if dataset else SearchRules()

    def _search(self, tenant_id: str, dataset_id: str, wanted: Sequence[str], meant: str, limit: int) -> list[Hit]:
        semantics = self._semantics if meant.strip() else None
        if limit < 1 or not (wanted or semantics):
            return []
        dataset = self._datasets.get((tenant_id, dataset_id))
        if dataset is None:
            return []
        shelf = self._shelf(dataset)
        similar = semantics.nearest(dataset, shelf, meant, max(limit, _FUSED_DEPTH)) if semantics else {}
        with shelf.reading():
            return _ranked(shelf, shelf.asked(wanted), similar, limit)

    def _shelf(self, dataset: Dataset) -> Shelf:
        held = self._held.get((dataset.tenant_id, dataset.id, dataset.created_at))
        with held.lock:
            # Vectors come with snapshots alone, so that a new one is worth reading whatever its version.
            has_new_vectors = self._semantics is not None and dataset.snapshot != held.snapshot
            if held.shelf is None or has_new_vectors or not self._follows(held.shelf, dataset):
                held.shelf, held.snapshot = self._loaded(dataset), dataset.snapshot
            return held.shelf

    def _follows(self, shelf: Shelf, dataset: Dataset) -> bool:
        return shelf.version >= dataset.version or self._loader.advance(shelf, dataset) is not None

    def _loaded(self, dataset: Dataset) -> Shelf:
        loaded = self._loader.load(dataset)
        is_meaningless = self._semantics is not None and not self._semantics.is_known(loaded.shelf)
        if loaded.unreadable or is_meaningless or is_due(dataset, loaded.tail):
            self._requests.request(dataset.tenant_id, dataset.id, unreadable=loaded.unreadable)
        return loaded.shelf


def among(records: Sequence[Record], wanted: Sequence[str], limit: int) -> list[Hit]:
    """The best of records that lie in no dataset, by words alone."""
    if not records or not wanted:
        return []
    shelf = Shelf.of(1, records)
    with shelf.reading():
        return _ranked(shelf, shelf.asked(wanted), {}, limit)


def _ranked(shelf: Shelf, asked: Asked, similar: Mapping[str, float], limit: int) -> list[Hit]:
    if not similar:
        return shelf.hits(shelf.by_words(asked, limit), asked, {})
    by_words = [one.place for one in shelf.by_words(asked, max(limit, _FUSED_DEPTH))]
    places = shelf.places_of(similar)
    # What is not on the shelf (any more) is nothing to answer from.
    by_meaning = {places[record_id]: similarity for record_id, similarity in similar.items() if record_id in places}
    best = [Ranked(place, score) for place, score in fused([by_words, list(by_meaning)])[:limit]]
    return shelf.hits(best, asked, by_meaning)
