"""The bench counts as the literature does."""

import json
import math
from pathlib import Path

import pytest

from bench.collection import read_collection
from bench.measures import ndcg, recall

JUDGED = {"q": {"a": 3, "b": 1, "c": 2}}


def test_the_best_order_is_one_and_nothing_found_is_none() -> None:
    assert ndcg({"q": ["a", "c", "b", "x"]}, JUDGED) == pytest.approx(1)
    assert ndcg({"q": ["x", "y"]}, JUDGED) == 0
    assert ndcg({"q": []}, JUDGED) == 0


def test_gains_are_discounted_by_rank() -> None:
    best = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    found = 1 / math.log2(3) + 3 / math.log2(4)
    assert ndcg({"q": ["x", "b", "a"]}, JUDGED) == pytest.approx(found / best)
    assert ndcg({"q": ["x", "b", "a"]}, JUDGED, depth=2) == pytest.approx((1 / math.log2(3)) / (3 + 2 / math.log2(3)))


def test_recall_is_a_share_of_the_answers_and_means_are_over_questions() -> None:
    assert recall({"q": ["a", "x", "b"]}, JUDGED) == pytest.approx(2 / 3)
    assert recall({"q": ["x", "a"]}, JUDGED, depth=1) == 0
    assert recall({"q": ["a", "b", "c"], "r": ["x"]}, JUDGED | {"r": {"y": 1}}) == pytest.approx(0.5)


@pytest.mark.parametrize("place", ["qrels.tsv", "qrels/test.tsv"])
def test_a_collection_is_read_as_beir_lays_it_out(tmp_path: Path, place: str) -> None:
    documents = [{"_id": "d1", "title": "T", "text": "one"}, {"_id": "d2", "text": "two", "metadata": {}}]
    questions = [{"_id": "q1", "text": "asked"}, {"_id": "q2", "text": "without an answer"}]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents))
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(one) + "\n" for one in questions))
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("query-id\tcorpus-id\tscore\nq1\td2\t2\nq1\td1\t0\nq2\td1\t0\n")
    collection = read_collection(tmp_path)
    assert collection.texts == {"d1": "T one", "d2": "two"}
    assert collection.questions == {"q1": "asked"}
    assert collection.judged == {"q1": {"d2": 2}}
