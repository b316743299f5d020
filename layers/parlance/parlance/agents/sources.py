"""The passages that a reply rests on, as its metadata name them."""

from typing import Any

from parlance.knowledge.citations import citation
from parlance.knowledge.search import Hit


def source_of(hit: Hit) -> dict[str, Any]:
    """`share` is how much of the question the passage speaks of, from 0 to 1."""
    return citation(hit) | {"share": round(hit.share, 3)}
