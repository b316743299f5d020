"""The passages that a reply rests on, as its metadata name them."""

from typing import Any

from parlance.knowledge.search import Hit


def source_of(hit: Hit) -> dict[str, Any]:
    record = hit.record
    return {
        "source": record.source,
        "title": record.title,
        "record_id": record.id,
        "score": round(hit.score, 3),
        "share": round(hit.share, 3),
    }
