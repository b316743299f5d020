"""What an answer was made from, as data that every dialect can carry."""

from typing import Any

from parlance.knowledge.shelf import Hit

_EXCERPT = 300
_ADDRESSES = ("https://", "http://")


def citation(hit: Hit, excerpt: str | None = None) -> dict[str, Any]:
    """One source of an answer, for the `sources` of the reply's metadata.

    `source` names the document as it was imported, `uri` is its address if it has one (the source itself, or the
    record's own `uri` or `url`), `excerpt` is what was used of it: the beginning of the passage unless it is given.
    """
    record = hit.record
    return {
        "source": record.source,
        "uri": _uri(hit),
        "title": record.title,
        "record_id": record.id,
        "score": round(hit.score, 4),
        "excerpt": shortened(record.text) if excerpt is None else excerpt,
    }


def shortened(text: str) -> str:
    """On one line, whole words, and marked where it goes on."""
    line = " ".join(text.split())
    if len(line) <= _EXCERPT:
        return line
    return line[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _uri(hit: Hit) -> str | None:
    candidates = (hit.record.meta.get("uri"), hit.record.meta.get("url"), hit.record.source)
    return next((one for one in candidates if isinstance(one, str) and one.startswith(_ADDRESSES)), None)
