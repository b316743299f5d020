"""A dataset's records in memory, ready to be searched: one SQLite database, which is also what a snapshot keeps."""

import json
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Self

from parlance.knowledge.datasets import Record
from parlance.knowledge.index import Entry, Index, Ranked
from parlance.knowledge.vectors import LocalVectors, Vector

_CREATE = (
    "CREATE TABLE IF NOT EXISTS records"
    "(place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, opens INTEGER NOT NULL, record TEXT NOT NULL)"
)
_MAX_DISTINCT = 512
_MAX_WORDS = 48
"""A question is looked up by the words that tell most, so that a pasted page does not cost thousands of look-ups."""

_MAX_TIMES = 4
"""Said more often than this, a word counts no more."""

_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found; higher scores are better.

    `words` are the words of the question that the record holds, `share` is how much of the question that is, from
    0 to 1: a rare word tells more than a common one, and one that no record holds tells most. `similarity` is the
    cosine of the record's meaning and the question's, None where no meaning was compared.
    """

    record: Record
    score: float
    words: tuple[str, ...]
    share: float
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a question: how often each was said, and how much each tells here. Those in `known` occur."""

    times: Mapping[str, int]
    rarity: Mapping[str, float]
    known: Sequence[str]

    def share(self, held: Iterable[str]) -> float:
        total = sum(self.rarity.values())
        return sum(self.rarity[word] for word in held) / total if total else 0.0


class Shelf:
    """The records of one version of a dataset. Thread-safe; `reading` gives several questions the same state."""

    def __init__(self, version: int, database: bytes | None = None) -> None:
        """Empty, or what `dump` gave. Raises ValueError or sqlite3.DatabaseError for anything else."""
        self.version = version
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        # Closed when the last user lets go of the shelf, not when a cache does.
        weakref.finalize(self, self._connection.close)
        if database is not None:
            if not database:
                raise ValueError("no database")
            self._connection.deserialize(database)
        self._lock = threading.RLock()
        self._connection.execute(_CREATE)
        self._open()

    @classmethod
    def of(cls, version: int, records: Iterable[Record]) -> Self:
        shelf = cls(version)
        with shelf._changing():
            shelf._add(enumerate(records))
        return shelf

    @property
    def size(self) -> int:
        return self._index.size

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Nothing changes meanwhile."""
        with self._lock:
            yield

    def apply(self, version: int, changed: Iterable[str], present: Iterable[Record]) -> None:
        """Go on to a later version: `changed` are the records that may differ, `present` those of them that exist."""
        now = {record.id: record for record in present}
        with self._changing():
            for record_id in sorted({*changed, *now}):
                self._replace(record_id, now.get(record_id))
            self.version = max(version, self.version)

    def dump(self) -> bytes:
        """The whole database, without the room that changes have left in it."""
        with self._lock:
            self._connection.execute("INSERT INTO texts(texts) VALUES ('optimize')")
            self._connection.execute("VACUUM")
            return self._connection.serialize()

    def asked(self, words: Iterable[str]) -> Asked:
        times = Counter(words)
        with self._lock:
            found = {word: self._index.count(word) for word in islice(times, _MAX_DISTINCT)}
            rarity = {word: self._index.rarity(count) for word, count in found.items()}
        known = sorted((word for word in found if found[word]), key=lambda word: -rarity[word] * times[word])
        return Asked(times, rarity, known[:_MAX_WORDS])

    def by_words(self, asked: Asked, limit: int) -> list[Ranked]:
        """The best records for the words of a question, best first."""
        wanted = {word: min(asked.times[word], _MAX_TIMES) for word in asked.known}
        with self._lock:
            ranked = self._index.ranked(wanted, max(limit, _CANDIDATES))
            openings = self._openings([one.place for one in ranked])
        opening = _opening(len(asked.times))
        scored = [Ranked(one.place, one.score * (opening if one.place in openings else 1)) for one in ranked]
        scored.sort(key=lambda one: -one.score)
        return scored[:limit]

    def hits(self, ranked: Sequence[Ranked], asked: Asked, similar: Mapping[int, float]) -> list[Hit]:
        """What was found, in full. `similar` says at which places which similarity was found."""
        places = [one.place for one in ranked]
        with self._lock:
            holding = {word: self._index.among(word, places) for word in asked.known}
            records = {place: self._record(place) for place in places}
        hits = []
        for one in ranked:
            held = tuple(word for word in asked.known if one.place in holding[word])
            hits.append(Hit(records[one.place], one.score, held, asked.share(held), similar.get(one.place)))
        return hits

    def places_of(self, record_ids: Iterable[str]) -> dict[str, int]:
        """Where records are; those that are not here are left out."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, place FROM records WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(record_ids)),),
            )
            return dict(rows)

    @property
    def embedding_model(self) -> str | None:
        """Which model made the vectors."""
        with self._lock:
            return self._vectors.model

    def expect_vectors(self, model: str) -> None:
        """From now on only vectors of this embedding model count."""
        with self._changing():
            self._vectors.start(model)

    def without_vector(self) -> list[Record]:
        """The records whose meaning is not known yet."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT record FROM records WHERE place NOT IN (SELECT place FROM vectors) ORDER BY place"
            )
            return [_read(record) for (record,) in rows]

    def put_vectors(self, vectors: Mapping[str, Vector]) -> None:
        """By record. An empty vector says that it is kept elsewhere."""
        places = self.places_of(vectors)
        with self._changing():
            self._vectors.put({places[record_id]: vector for record_id, vector in vectors.items()})

    def nearest(self, vector: Vector, limit: int) -> dict[str, float]:
        """The records whose vectors are closest, best first, with the cosine."""
        with self._lock:
            found = self._vectors.nearest(vector, limit)
            return {self._record(place).id: similarity for place, similarity in found}

    def ids(self) -> frozenset[str]:
        with self._lock:
            return frozenset(record_id for (record_id,) in self._connection.execute("SELECT id FROM records"))

    def _open(self) -> None:
        self._index = Index(self._connection)
        self._vectors = LocalVectors(self._connection)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """All or nothing."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._open()
                raise
            self._connection.execute("COMMIT")

    def _replace(self, record_id: str, record: Record | None) -> None:
        found = self._connection.execute("SELECT place, record FROM records WHERE id = ?", (record_id,)).fetchone()
        if found is not None:
            place, held = found[0], _read(found[1])
            if record is not None and record.says_the_same_as(held):
                return
            self._index.remove([(place, _entry(held))])
            self._connection.execute("DELETE FROM records WHERE place = ?", (place,))
            self._vectors.remove(place)
        if record is not None:
            (last,) = self._connection.execute("SELECT max(place) FROM records").fetchone()
            self._add([(0 if last is None else last + 1, record)])

    def _add(self, numbered: Iterable[tuple[int, Record]]) -> None:
        for place, record in numbered:
            row = (place, record.id, record.position == 0, _written(record))
            self._connection.execute("INSERT INTO records VALUES (?, ?, ?, ?)", row)
            self._index.add([(place, _entry(record))])

    def _record(self, place: int) -> Record:
        (record,) = self._connection.execute("SELECT record FROM records WHERE place = ?", (place,)).fetchone()
        return _read(record)

    def _openings(self, places: Sequence[int]) -> frozenset[int]:
        """Which of these open a document."""
        rows = self._connection.execute(
            "SELECT place FROM records WHERE opens AND place IN (SELECT value FROM json_each(?))", (json.dumps(places),)
        )
        return frozenset(place for (place,) in rows)


def _opening(asked: int) -> float:
    """The less a question says, the more it wants to know what a thing is, and documents open with that."""
    return 1.0 + 0.5 / max(asked, 1) ** 2


def _entry(record: Record) -> Entry:
    return Entry(body=record.text, title=record.title, source=record.source)


def _written(record: Record) -> str:
    return json.dumps(
        [
            record.id,
            record.text,
            record.source,
            record.title,
            record.position,
            record.created_at,
            record.updated_at,
            dict(record.meta),
        ]
    )


def _read(written: str) -> Record:
    return Record(*json.loads(written))
