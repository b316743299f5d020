"""`make bench-retrieval COLLECTION=folder`: how well and how fast documents are found, beside bm25s in the same run."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bench.collection import Collection, read_collection
from bench.measures import Run, ndcg, recall
from bench.minilm import MiniLm
from bench.peers import Bm25s
from bench.product import Product, documents
from bench.remembered import RememberedPassages
from local.emulator import Emulator
from parlance.knowledge.embedding import Embedder

type Find = Callable[[str, int], Sequence[str]]

_PEER = "bm25s"
_DEPTH = 100
_SHOWN = 10
_TIMED_QUESTIONS = 50
_ROUNDS = 3


def repeating(question: str) -> str:
    """The same question as somebody writes it who says everything twice."""
    words = question.split()
    half = len(words) // 2
    again = " ".join(words[half:] + words[:half])
    return f"{question} In other words: {again} Please explain in detail: {question}"


FORMS: Mapping[str, Callable[[str], str]] = {"as asked": str, "long, repeating": repeating}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collection", type=Path, help="corpus.jsonl, queries.jsonl and qrels.tsv (or qrels/test.tsv)")
    parser.add_argument("--embeddings", action="store_true", help="search by meaning as well (all-MiniLM-L6-v2)")
    arguments = parser.parse_args()
    collection = read_collection(arguments.collection)
    embedder = RememberedPassages(MiniLm(), Path(".bench", "vectors.sqlite")) if arguments.embeddings else None
    with Emulator(services=["dynamodb", "s3"]) as emulator:
        for line in report(collection, Product(emulator.endpoint, collection), embedder):
            print(line, flush=True)  # noqa: T201 - the report
    return 0


def report(collection: Collection, product: Product, embedder: Embedder | None) -> Iterator[str]:
    """Line by line."""
    yield f"{len(collection.texts)} documents, {product.passages} passages, {len(collection.questions)} questions"
    yield from _cold_starts(product)
    finders: dict[str, Find] = {
        _PEER: Bm25s(collection.texts).find,
        "parlance, words": partial(documents, product.search(snapshot=True)),
    }
    if embedder:
        product.index(embedder)
        finders["parlance, words and meaning"] = partial(documents, product.search(snapshot=True, embedder=embedder))
    for form, put in FORMS.items():
        yield from ("", form, f"{'':30}{'nDCG@10':>9}{'recall@100':>12}{'ms':>9}{'x bm25s':>9}")
        questions = {name: put(question) for name, question in collection.questions.items()}
        times = _times(finders, list(questions.values()))
        for name, find in finders.items():
            run: Run = {one: find(question, _DEPTH) for one, question in questions.items()}
            quality = f"{ndcg(run, collection.judged):9.4f}{recall(run, collection.judged):12.4f}"
            yield f"{name:30}{quality}{times[name] * 1000:9.2f}{times[name] / times[_PEER]:9.1f}"


def _cold_starts(product: Product) -> Iterator[str]:
    """The first answer of a process that has nothing in memory."""
    table = _timed(partial(documents, product.search(snapshot=False)), "x")
    made = product.index()
    snapshot = _timed(partial(documents, product.search(snapshot=True)), "x")
    yield f"first answer from the table {table:.2f} s, from the snapshot {snapshot:.2f} s (made in {made:.2f} s)"


def _times(finders: Mapping[str, Find], questions: Sequence[str]) -> dict[str, float]:
    """Medians in seconds; every question goes to all in turn, so that what slows the machine slows all."""
    taken: dict[str, list[float]] = {name: [] for name in finders}
    for _ in range(_ROUNDS):
        for question in questions[:_TIMED_QUESTIONS]:
            for name, find in finders.items():
                taken[name].append(_timed(find, question))
    return {name: median(times) for name, times in taken.items()}


def _timed(find: Find, question: str) -> float:
    began = time.perf_counter()
    find(question, _SHOWN)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
