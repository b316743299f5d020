"""How good a ranking is, by the usual two measures."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean

type Run = Mapping[str, Sequence[str]]
"""For each question the documents found, best first."""

type Judged = Mapping[str, Mapping[str, int]]


def ndcg(run: Run, judged: Judged, depth: int = 10) -> float:
    """Normalized discounted cumulative gain: gains are the judgements themselves, as trec_eval takes them."""
    return mean(_ndcg(run[question], judged[question], depth) for question in run)


def recall(run: Run, judged: Judged, depth: int = 100) -> float:
    """The share of the answers that stand among the first `depth`."""
    return mean(len(set(run[question][:depth]) & judged[question].keys()) / len(judged[question]) for question in run)


def _ndcg(found: Sequence[str], answers: Mapping[str, int], depth: int) -> float:
    gained = _discounted([answers.get(document, 0) for document in found[:depth]])
    return gained / _discounted(sorted(answers.values(), reverse=True)[:depth])


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
