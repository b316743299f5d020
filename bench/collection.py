"""A test collection in the BEIR layout: documents, questions, and which documents answer which question."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Collection:
    """`judged` says for each question how well which document answers it; what is not named does not."""

    documents: Path
    texts: Mapping[str, str]
    questions: Mapping[str, str]
    judged: Mapping[str, Mapping[str, int]]


def read_collection(folder: Path) -> Collection:
    """From `corpus.jsonl`, `queries.jsonl`, and `qrels.tsv` or `qrels/test.tsv`; only questions that have an answer."""
    corpus = folder / "corpus.jsonl"
    texts = {one["_id"]: f"{one.get('title', '')} {one['text']}".strip() for one in _lines(corpus)}
    judged = _judged(next(path for path in (folder / "qrels.tsv", folder / "qrels" / "test.tsv") if path.exists()))
    questions = {one["_id"]: one["text"] for one in _lines(folder / "queries.jsonl") if one["_id"] in judged}
    return Collection(corpus, texts, questions, judged)


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _judged(path: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        question, document, score = line.split("\t")
        if int(score) > 0:
            judged.setdefault(question, {})[document] = int(score)
    return judged
