"""Several rankings made one."""

import pytest

from parlance.knowledge.fusion import fused


def test_what_stands_high_in_both_comes_first() -> None:
    ranking = [one for one, _ in fused([["a", "b", "c"], ["b", "d", "a"]])]
    assert ranking == ["b", "a", "d", "c"]


def test_scores_are_sums_of_reciprocal_ranks() -> None:
    assert dict(fused([["a", "b"], ["b"]])) == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61})


def test_one_ranking_stays_as_it_is_and_none_is_nothing() -> None:
    assert [one for one, _ in fused([["c", "a", "b"], []])] == ["c", "a", "b"]
    assert fused([[], []]) == fused([]) == []
