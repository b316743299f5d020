"""Search in memories, and in what a dataset holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from parlance.errors import InvalidInputError
from parlance.knowledge.index import Entry, Index
from parlance.knowledge.words import content_words

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": eq,
    "$ne": ne,
    "$gt": gt,
    "$gte": ge,
    "$lt": lt,
    "$lte": le,
}
type Filter = Mapping[str, Any]

_PLAIN = [{"type": kind} for kind in ("string", "number", "boolean", "null")]
FILTER_SCHEMA: dict[str, Any] = {
    "additionalProperties": {
        "anyOf": [
            *_PLAIN,
            {"type": "object", "properties": {name: {} for name in _COMPARISONS}, "additionalProperties": False},
        ]
    }
}
"""What `check_filter` takes, for the API's description."""


def ranked_texts(texts: Iterable[str], query: str, limit: int) -> list[int]:
    """The places of the texts that hold any word of the query, best first."""
    index = Index.of(Entry(text) for text in texts)
    return [ranked.place for ranked in index.ranked(dict.fromkeys(content_words(query), 1), limit)]


def check_filter(wanted: Filter) -> None:
    """Raises InvalidInputError for a comparison that there is not."""
    for name, condition in wanted.items():
        unknown = set(condition) - set(_COMPARISONS) if isinstance(condition, dict) else set()
        if unknown or isinstance(condition, list):
            raise InvalidInputError(f"filter.{name}: compares by {', '.join(_COMPARISONS)} only")


def matches(meta: Mapping[str, Any], wanted: Filter) -> bool:
    """Whether a record's meta is as the filter wants it, key by key."""
    return all(_holds(meta.get(name), condition) for name, condition in wanted.items())


def _holds(value: Any, condition: Any) -> bool:
    if not isinstance(condition, dict):
        return bool(value == condition)
    return all(_compares(_COMPARISONS[name], value, other) for name, other in condition.items())


def _compares(comparison: Callable[[Any, Any], bool], value: Any, other: Any) -> bool:
    if comparison in {eq, ne}:
        return comparison(value, other)
    sorts: Sequence[tuple[type, ...]] = ((int, float), (str,))
    alike = any(isinstance(value, kind) and isinstance(other, kind) for kind in sorts)
    return alike and comparison(value, other)
