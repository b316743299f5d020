"""Making one ranking of several whose scores have nothing in common: reciprocal rank fusion."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

_SMOOTHING = 60
"""The constant of Cormack, Clarke and Büttcher (SIGIR 2009): with it no single first place decides."""


def fused[T: Hashable](rankings: Sequence[Sequence[T]]) -> list[tuple[T, float]]:
    """Each ranking has the best first; what stands high in several comes first, with its score."""
    scores: defaultdict[T, float] = defaultdict(float)
    for ranking in rankings:
        for rank, one in enumerate(ranking, start=1):
            scores[one] += 1 / (_SMOOTHING + rank)
    return sorted(scores.items(), key=lambda scored: -scored[1])
