"""Ranked full-text search over texts in memory: BM25 by SQLite's FTS5, with Porter's stemmer."""

import math
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parlance.knowledge.words import spaced

_CREATE = (
    "CREATE VIRTUAL TABLE texts USING fts5"
    "(title, source, body, content='', tokenize='porter unicode61 remove_diacritics 2')"
)
_RANKED = (
    "SELECT rowid, -bm25(texts, {weights}) AS score FROM texts WHERE texts MATCH ? ORDER BY score DESC, rowid LIMIT ?"
)
_TITLE_WEIGHT, _SOURCE_WEIGHT, _BODY_WEIGHT = 3.0, 1.5, 1.0
MAX_WORDS = 48
"""A question is looked up by its rarest words, so that a pasted page does not cost thousands of look-ups."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of one text."""

    body: str
    title: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A text that was found, by its place among the entries; higher scores are better."""

    place: int
    score: float


class Index:
    """Immutable once built; safe to ask from several threads."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        # Closed when the last user lets go of the index, not when a cache does.
        weakref.finalize(self, self._connection.close)
        self._connection.execute(_CREATE)
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT INTO texts(rowid, title, source, body) VALUES (?, ?, ?, ?)",
            (
                (place, _indexable(entry.title), _indexable(entry.source), _indexable(entry.body))
                for place, entry in enumerate(entries)
            ),
        )
        self._connection.execute("COMMIT")
        self.size = int(self._connection.execute("SELECT count(*) FROM texts_docsize").fetchone()[0])

    def places(self, word: str) -> frozenset[int]:
        """Where a word stands, in any of its forms."""
        with self._lock:
            rows = self._connection.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (_quoted(word),))
            return frozenset(place for (place,) in rows)

    def rarity(self, found_in: int) -> float:
        """Inverse document frequency: how much a word that stands in so many texts tells."""
        return math.log(1 + (self.size - found_in + 0.5) / (found_in + 0.5))

    def ranked(self, wanted: Sequence[str], limit: int) -> list[Ranked]:
        """The texts that hold any of the words, best first."""
        if not wanted:
            return []
        query = " OR ".join(_quoted(word) for word in wanted)
        weights = f"{_TITLE_WEIGHT}, {_SOURCE_WEIGHT}, {_BODY_WEIGHT}"
        with self._lock:
            rows = self._connection.execute(_RANKED.format(weights=weights), (query, limit))
            return [Ranked(place, score) for place, score in rows]


def _indexable(text: str) -> str:
    return spaced(text).encode(errors="replace").decode().replace("\0", " ")


def _quoted(word: str) -> str:
    """A word as FTS5 takes it literally, whatever signs are in it."""
    return '"' + _indexable(word).strip().replace('"', '""') + '"'
