"""Embeddings at work: making the vectors that a shelf lacks, and finding records by them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Protocol

from parlance.clock import Clock
from parlance.knowledge.datasets import Dataset, Record
from parlance.knowledge.embedding import Embedder, EmbeddingError
from parlance.knowledge.shelf import Shelf
from parlance.knowledge.vectors import Vector
from parlance.logs import logger

_BATCH = 64
_NEEDS_SECONDS = 60.0


class VectorStoreError(Exception):
    """The store of vectors did not answer."""


class VectorStore(Protocol):
    """Vectors outside of memory. Each dataset and model has a space of its own: there is nothing to filter."""

    def put(self, dataset: Dataset, model: str, vectors: Mapping[str, Vector]) -> None:
        """Add or replace, by record. Raises VectorStoreError."""
        ...

    def nearest(self, dataset: Dataset, model: str, vector: Vector, limit: int) -> Mapping[str, float]:
        """The closest records with the cosine, best first; none from a space that is not there.

        Raises VectorStoreError.
        """
        ...

    def keep(self, dataset: Dataset, model: str, record_ids: Iterable[str]) -> None:
        """Remove the vectors of all other records. Raises VectorStoreError."""
        ...

    def drop(self, tenant_id: str, dataset_id: str) -> None:
        """Remove every space of a dataset that is gone. Raises VectorStoreError."""
        ...


class Embeddings:
    """Implements `search.Semantics`. Without a store the vectors are kept on the shelf, and so in its snapshot."""

    def __init__(self, embedder: Embedder, clock: Clock, store: VectorStore | None = None) -> None:
        self._embedder = embedder
        self._clock = clock
        self._store = store

    def is_known(self, shelf: Shelf) -> bool:
        return shelf.embedding_model == self._embedder.name

    def nearest(self, dataset: Dataset, shelf: Shelf, question: str, limit: int) -> Mapping[str, float]:
        model = self._embedder.name
        if not self.is_known(shelf):
            return {}
        try:
            vector = self._embedder.question(question)
            return self._store.nearest(dataset, model, vector, limit) if self._store else shelf.nearest(vector, limit)
        except (EmbeddingError, VectorStoreError) as error:
            logger.warning("searched by words alone", dataset_id=dataset.id, reason=f"{type(error).__name__}: {error}")
            return {}

    def missing(self, shelf: Shelf) -> Sequence[Record]:
        """The records that have no vector of this model yet."""
        shelf.expect_vectors(self._embedder.name)
        return shelf.without_vector()

    def complete(self, dataset: Dataset, shelf: Shelf, deadline: float) -> bool:
        """Make the vectors that are missing; False if time (monotonic seconds) ran out before the last.

        Raises EmbeddingError or VectorStoreError; what was made until then stays.
        """
        model = self._embedder.name
        for records in batched(self.missing(shelf), _BATCH, strict=False):
            if deadline - self._clock.monotonic() < _NEEDS_SECONDS:
                return False
            made = self._embedder.passages([_told(record) for record in records])
            vectors = {record.id: vector for record, vector in zip(records, made, strict=True)}
            if self._store:
                self._store.put(dataset, model, vectors)
            shelf.put_vectors(dict.fromkeys(vectors, ()) if self._store else vectors)
        if self._store:
            self._store.keep(dataset, model, shelf.ids())
        return True

    def forget(self, tenant_id: str, dataset_id: str) -> None:
        """The dataset is gone."""
        if self._store:
            self._store.drop(tenant_id, dataset_id)


def _told(record: Record) -> str:
    """What a passage says, under what it stands."""
    return f"{record.title}\n\n{record.text}" if record.title else record.text
