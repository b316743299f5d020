"""What turns a text's meaning into a vector."""

from collections.abc import Sequence
from typing import Protocol

from parlance.knowledge.vectors import Vector


class EmbeddingError(Exception):
    """No vector could be had. The text is for the log, not for the caller."""


class Embedder(Protocol):
    """An embedding model. Its `name` tells its vectors from those of any other. Thread-safe."""

    @property
    def name(self) -> str: ...

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector for each text, in their order. Raises EmbeddingError."""
        ...

    def question(self, text: str) -> Vector:
        """Of a text that asks rather than tells; soon or not at all. Raises EmbeddingError."""
        ...
