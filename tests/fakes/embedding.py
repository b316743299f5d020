"""An embedding model and a store of vectors that a test can foresee."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from parlance.knowledge.datasets import Dataset
from parlance.knowledge.embedding import EmbeddingError
from parlance.knowledge.semantics import VectorStoreError
from parlance.knowledge.vectors import Vector
from parlance.knowledge.words import content_words

CONCEPTS = (
    ("car", "automobile", "vehicle"),
    ("doctor", "physician", "medic"),
    ("boat", "ship", "vessel"),
    ("begin", "start", "commence"),
    ("sleep", "slumber", "nap"),
    ("small", "tiny", "little"),
)
"""Words that mean the same: each row is one dimension."""


@dataclass
class ConceptEmbedder:
    """Knows the concepts above and nothing else. `fails` makes every call fail; `asked` is what it was asked for."""

    name: str = "concepts"
    fails: bool = False
    fails_after: int | None = None
    asked: list[str] = field(default_factory=list)

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise EmbeddingError("no more")
        return [self._vector(text) for text in texts]

    def question(self, text: str) -> Vector:
        return self._vector(text)

    def _vector(self, text: str) -> Vector:
        if self.fails:
            raise EmbeddingError("down")
        self.asked.append(text)
        said = content_words(text)
        # A little of everything, so that no text is without direction.
        return [0.01 + sum(word in concept for word in said) for concept in CONCEPTS]


@dataclass
class MemoryVectors:
    """Passes the same contract suite as S3 Vectors. `fails` makes every call fail."""

    spaces: dict[tuple[str, str, int, str], dict[str, Vector]] = field(default_factory=dict)
    fails: bool = False

    def put(self, dataset: Dataset, model: str, vectors: Mapping[str, Vector]) -> None:
        self._space(dataset, model).update(vectors)

    def nearest(self, dataset: Dataset, model: str, vector: Vector, limit: int) -> Mapping[str, float]:
        found = {one: _cosine(vector, other) for one, other in self._space(dataset, model).items()}
        return dict(sorted(found.items(), key=lambda scored: -scored[1])[:limit])

    def keep(self, dataset: Dataset, model: str, record_ids: Iterable[str]) -> None:
        kept = frozenset(record_ids)
        space = self._space(dataset, model)
        for record_id in [record_id for record_id in space if record_id not in kept]:
            del space[record_id]

    def drop(self, tenant_id: str, dataset_id: str) -> None:
        if self.fails:
            raise VectorStoreError("down")
        for space in [space for space in self.spaces if space[:2] == (tenant_id, dataset_id)]:
            del self.spaces[space]

    def _space(self, dataset: Dataset, model: str) -> dict[str, Vector]:
        if self.fails:
            raise VectorStoreError("down")
        return self.spaces.setdefault((dataset.tenant_id, dataset.id, dataset.created_at, model), {})


def _cosine(one: Vector, other: Vector) -> float:
    return math.sumprod(one, other) / math.sqrt(math.sumprod(one, one) * math.sumprod(other, other))
