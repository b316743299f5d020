"""Embeddings over HTTP, from any server that knows `POST {base}/embeddings` as OpenAI's API reference describes it."""

import json
from collections.abc import Sequence
from typing import Any

import urllib3

from parlance.knowledge.embedding import EmbeddingError
from parlance.knowledge.vectors import Vector

_PASSAGES_SECONDS, _QUESTION_SECONDS, _CONNECT_SECONDS = 60.0, 3.0, 2.0
_BUSY = (429, 500, 502, 503, 504)
# A call that embeds changes nothing, so it may be repeated; redirects would take the key elsewhere.
_PATIENT = urllib3.Retry(
    total=4, backoff_factor=0.5, backoff_jitter=0.5, status_forcelist=_BUSY, allowed_methods=None, redirect=False
)
_IMPATIENT = urllib3.Retry(total=0, redirect=False)


class OpenAiCompatibleEmbedder:
    """`base_url` ends before `/embeddings`; without a key none is sent."""

    def __init__(self, base_url: str, model: str, key: str | None = None) -> None:
        self.name = f"openai_compatible:{model}"
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._model = model
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._pool = urllib3.PoolManager(maxsize=8)

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        return self._embed(texts, _PASSAGES_SECONDS, _PATIENT)

    def question(self, text: str) -> Vector:
        return self._embed([text], _QUESTION_SECONDS, _IMPATIENT)[0]

    def _embed(self, texts: Sequence[str], seconds: float, retries: urllib3.Retry) -> Sequence[Vector]:
        body = json.dumps({"model": self._model, "input": list(texts), "encoding_format": "float"})
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds)
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers=self._headers, timeout=timeout, retries=retries
            )
        except urllib3.exceptions.HTTPError as error:
            raise EmbeddingError(type(error).__name__) from error
        if answer.status != 200:
            raise EmbeddingError(f"status {answer.status}")
        return _vectors(answer.data, len(texts))


def _vectors(data: bytes, count: int) -> Sequence[Vector]:
    """In the order of the texts, whatever order they came in."""
    try:
        found: dict[int, Any] = {one["index"]: one["embedding"] for one in json.loads(data)["data"]}
        return [[float(number) for number in found[at]] for at in range(count)]
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddingError("the answer is not what the API promises") from error
