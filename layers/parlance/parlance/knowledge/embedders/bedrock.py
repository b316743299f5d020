"""Embeddings by Bedrock's InvokeModel: Amazon Titan Text Embeddings and Cohere Embed, each with a body of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched, chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from parlance.knowledge.embedding import EmbeddingError
from parlance.knowledge.vectors import Vector

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_AT_ONCE = 8
_COHERE_TEXTS, _COHERE_CHARACTERS = 96, 2_048
_TITAN_CHARACTERS = 50_000


class BedrockEmbedder:
    """The client is made when it is first needed. Titan takes one text a call, so several calls are under way."""

    def __init__(self, client: "Callable[[], BedrockRuntimeClient]", model: str) -> None:
        self.name = f"bedrock:{model}"
        self._client = client
        self._model = model
        self._is_cohere = "cohere." in model

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        if self._is_cohere:
            bodies = [_cohere(some, "search_document") for some in batched(texts, _COHERE_TEXTS, strict=False)]
        else:
            bodies = [_titan(text) for text in texts]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            vectors = list(chain.from_iterable(pool.map(self._invoke, bodies)))
        if len(vectors) != len(texts):
            raise EmbeddingError("as many vectors as texts were expected")
        return vectors

    def question(self, text: str) -> Vector:
        found = self._invoke(_cohere([text], "search_query") if self._is_cohere else _titan(text))
        if not found:
            raise EmbeddingError("no vector")
        return found[0]

    def _invoke(self, body: Mapping[str, Any]) -> Sequence[Vector]:
        try:
            answer = self._client().invoke_model(modelId=self._model, body=json.dumps(body))
            said = json.loads(answer["body"].read())
        except (ClientError, BotoCoreError) as error:
            raise EmbeddingError(_named(error)) from error
        except ValueError as error:
            raise EmbeddingError("the answer is not JSON") from error
        try:
            found = said["embeddings"] if self._is_cohere else [said["embedding"]]
            # With several types of embeddings asked for, Cohere names them.
            found = found["float"] if isinstance(found, dict) else found
            return [[float(number) for number in vector] for vector in found]
        except (KeyError, TypeError, ValueError) as error:
            raise EmbeddingError("the answer holds no embedding") from error


def _titan(text: str) -> dict[str, Any]:
    return {"inputText": text[:_TITAN_CHARACTERS] or " "}


def _cohere(texts: Sequence[str], purpose: str) -> dict[str, Any]:
    cut = [text[:_COHERE_CHARACTERS] or " " for text in texts]
    return {"texts": cut, "input_type": purpose, "truncate": "END"}


def _named(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
