"""The embeddings that a function is set up with, if any."""

from typing import Protocol

from parlance.clock import Clock
from parlance.knowledge.embedding import Embedder
from parlance.knowledge.semantics import Embeddings
from parlance.storage import clients

NONE = "none"


class EmbeddingSettings(Protocol):
    """How a stack is told of its embedding model; `none` for what it does not have."""

    @property
    def embedding_provider(self) -> str: ...

    @property
    def embedding_model(self) -> str: ...

    @property
    def embedding_url(self) -> str: ...

    @property
    def embedding_secret(self) -> str: ...

    @property
    def vectors_bucket(self) -> str: ...


class UnknownProviderError(Exception):
    """The stack names a provider of embeddings that we do not have."""


def embeddings_of(settings: EmbeddingSettings, clock: Clock) -> Embeddings | None:
    """Raises UnknownProviderError. What is not used is not imported."""
    if settings.embedding_provider == NONE:
        return None
    if settings.vectors_bucket == NONE:
        return Embeddings(_embedder(settings), clock)
    from parlance.storage.vectors import S3VectorStore  # noqa: PLC0415

    return Embeddings(_embedder(settings), clock, S3VectorStore(clients.s3vectors, settings.vectors_bucket))


def _embedder(settings: EmbeddingSettings) -> Embedder:
    match settings.embedding_provider:
        case "bedrock":
            from parlance.knowledge.embedders.bedrock import BedrockEmbedder  # noqa: PLC0415

            return BedrockEmbedder(clients.embedding_runtime, settings.embedding_model)
        case "openai_compatible":
            from parlance.knowledge.embedders.openai_compatible import OpenAiCompatibleEmbedder  # noqa: PLC0415

            key = None if settings.embedding_secret == NONE else clients.secret(settings.embedding_secret)
            return OpenAiCompatibleEmbedder(settings.embedding_url, settings.embedding_model, key)
        case other:
            raise UnknownProviderError(other)
