"""Vectors that were made once: a collection's passages do not change from one bench to the next."""

import hashlib
import sqlite3
from array import array
from collections.abc import Sequence
from pathlib import Path

from parlance.knowledge.embedding import Embedder
from parlance.knowledge.vectors import Vector


class RememberedPassages:
    """An Embedder that keeps what another made of passages in a file. Questions it passes on: they are timed."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        self._embedder = embedder
        self.name = embedder.name
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.execute("CREATE TABLE IF NOT EXISTS vectors(digest BLOB PRIMARY KEY, vector BLOB NOT NULL)")

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        digests = [hashlib.sha256(f"{self.name}\0{text}".encode()).digest() for text in texts]
        held: dict[bytes, array[float] | None] = {digest: self._held(digest) for digest in digests}
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if held[digest] is None}
        made = self._embedder.passages(list(missing.values())) if missing else []
        for digest, vector in zip(missing, made, strict=True):
            held[digest] = array("f", vector)
            self._connection.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", (digest, held[digest]))
        return [numbers for digest in digests if (numbers := held[digest]) is not None]

    def question(self, text: str) -> Vector:
        return self._embedder.question(text)

    def _held(self, digest: bytes) -> array[float] | None:
        found = self._connection.execute("SELECT vector FROM vectors WHERE digest = ?", (digest,)).fetchone()
        return array("f", found[0]) if found else None
