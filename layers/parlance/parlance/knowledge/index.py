"""Ranked full-text search: BM25 by SQLite's FTS5, with Porter's stemmer."""

import math
import sqlite3
import weakref
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from json import dumps
from typing import Self

from parlance.knowledge.words import spaced

_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5"
    "(title, source, body, content='', tokenize='porter unicode61 remove_diacritics 2')"
)
_ADD = "INSERT INTO texts(rowid, title, source, body) VALUES (?, ?, ?, ?)"
# Without content of its own the index must be told what it is to forget.
_REMOVE = "INSERT INTO texts(texts, rowid, title, source, body) VALUES ('delete', ?, ?, ?, ?)"
_HOLDING = "SELECT rowid FROM texts WHERE texts MATCH ?"
_AMONG = "SELECT rowid FROM texts WHERE texts MATCH ? INTERSECT SELECT value FROM json_each(?)"
_COUNT = "SELECT count(*) FROM texts WHERE texts MATCH ?"
_TITLE_WEIGHT, _SOURCE_WEIGHT, _BODY_WEIGHT = 2.0, 1.5, 1.0
_RANKED = (
    f"SELECT rowid, -bm25(texts, {_TITLE_WEIGHT}, {_SOURCE_WEIGHT}, {_BODY_WEIGHT}) AS score"  # noqa: S608
    " FROM texts WHERE texts MATCH ? ORDER BY score DESC, rowid LIMIT ?"
)


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
    """An index on a connection to SQLite, which may hold other tables. Whoever shares it between threads locks it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_CREATE)
        self.size = int(connection.execute("SELECT count(*) FROM texts_docsize").fetchone()[0])

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """An index in memory; an entry's place is its number."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        index = cls(connection)
        weakref.finalize(index, connection.close)
        index.add(enumerate(entries))
        return index

    def add(self, entries: Iterable[tuple[int, Entry]]) -> None:
        for place, entry in entries:
            self._connection.execute(_ADD, _row(place, entry))
            self.size += 1

    def remove(self, entries: Iterable[tuple[int, Entry]]) -> None:
        """Each exactly as it was added."""
        for place, entry in entries:
            self._connection.execute(_REMOVE, _row(place, entry))
            self.size -= 1

    def places(self, word: str) -> frozenset[int]:
        """Where a word stands, in any of its forms."""
        return frozenset(place for (place,) in self._connection.execute(_HOLDING, (_quoted(word),)))

    def among(self, word: str, places: Collection[int]) -> frozenset[int]:
        """At which of these places it stands."""
        rows = self._connection.execute(_AMONG, (_quoted(word), dumps(list(places))))
        return frozenset(place for (place,) in rows)

    def count(self, word: str) -> int:
        """In how many texts it stands."""
        return int(self._connection.execute(_COUNT, (_quoted(word),)).fetchone()[0])

    def rarity(self, found_in: int) -> float:
        """Inverse document frequency: how much a word that stands in so many texts tells."""
        return math.log(1 + (self.size - found_in + 0.5) / (found_in + 0.5))

    def ranked(self, wanted: Mapping[str, int], limit: int) -> list[Ranked]:
        """The texts that hold any of the words, best first. A word wanted n times counts n times."""
        if not wanted:
            return []
        said = chain.from_iterable(repeat(_quoted(word), times) for word, times in wanted.items())
        rows = self._connection.execute(_RANKED, (" OR ".join(said), limit))
        return [Ranked(place, score) for place, score in rows]


def _row(place: int, entry: Entry) -> tuple[int, str, str, str]:
    return place, _indexable(entry.title), _indexable(entry.source), _indexable(entry.body)


def _indexable(text: str) -> str:
    return spaced(text).encode(errors="replace").decode().replace("\0", " ")


def _quoted(word: str) -> str:
    """A word as FTS5 takes it literally, whatever signs are in it."""
    return '"' + _indexable(word).strip().replace('"', '""') + '"'
