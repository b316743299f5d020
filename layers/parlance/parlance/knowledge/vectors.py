"""Meaning as vectors: kept beside the records they belong to, and the nearest found without a library.

A vector is told apart first by the signs of its numbers alone, which one operation on a whole number compares, and
the best of those are compared in full. That looks at a hundred thousand vectors in some milliseconds.
"""

import heapq
import math
import sqlite3
from array import array
from collections.abc import Mapping, Sequence

type Vector = Sequence[float]

_CREATE = "CREATE TABLE IF NOT EXISTS vectors(place INTEGER PRIMARY KEY, vector BLOB NOT NULL)"
_CREATE_ABOUT = "CREATE TABLE IF NOT EXISTS about(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_COMPARED_IN_FULL = 400
_COMPARED_FOR_EACH = 4


def unit(vector: Vector) -> array[float]:
    """The same direction at length one, so that a product of two is the cosine between them."""
    length = math.sqrt(math.sumprod(vector, vector)) or 1.0
    return array("f", (number / length for number in vector))


class LocalVectors:
    """The vectors of a shelf, on its connection. Whoever shares it between threads locks it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_CREATE)
        connection.execute(_CREATE_ABOUT)
        self._signs: dict[int, int] | None = None

    @property
    def model(self) -> str | None:
        """Which embedding model made them."""
        found = self._connection.execute("SELECT value FROM about WHERE name = 'embedding'").fetchone()
        return str(found[0]) if found else None

    def start(self, model: str) -> None:
        """Forget those of any other model: two models' vectors have nothing to do with each other."""
        if self.model != model:
            self._connection.execute("DELETE FROM vectors")
            self._connection.execute("INSERT OR REPLACE INTO about VALUES ('embedding', ?)", (model,))
            self._signs = None

    def put(self, vectors: Mapping[int, Vector]) -> None:
        """By place. An empty vector says that it is kept elsewhere."""
        rows = ((place, unit(vector).tobytes()) for place, vector in vectors.items())
        self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        self._signs = None

    def remove(self, place: int) -> None:
        self._connection.execute("DELETE FROM vectors WHERE place = ?", (place,))
        if self._signs is not None:
            self._signs.pop(place, None)

    def nearest(self, vector: Vector, limit: int) -> list[tuple[int, float]]:
        """The places of the vectors that point most the same way, best first, with the cosine."""
        asked = unit(vector)
        signs = _signs(asked)
        if self._signs is None:
            self._signs = {place: _signs(_floats(blob)) for place, blob in self._rows() if blob}
        known = self._signs
        some = max(_COMPARED_IN_FULL, _COMPARED_FOR_EACH * limit)
        likely = heapq.nsmallest(some, known, key=lambda place: (signs ^ known[place]).bit_count())
        compared = [(place, math.sumprod(asked, self._vector(place))) for place in likely]
        return heapq.nlargest(limit, compared, key=lambda found: found[1])

    def _rows(self) -> Sequence[tuple[int, bytes]]:
        return self._connection.execute("SELECT place, vector FROM vectors").fetchall()

    def _vector(self, place: int) -> array[float]:
        (blob,) = self._connection.execute("SELECT vector FROM vectors WHERE place = ?", (place,)).fetchone()
        return _floats(blob)


def _floats(blob: bytes) -> array[float]:
    return array("f", blob)


def _signs(vector: Vector) -> int:
    """One bit for each number: whether it is above zero."""
    return int("".join("1" if number > 0 else "0" for number in vector), 2)
