"""What a dataset's owner says about searching it."""

from typing import Any

import pytest

from parlance.knowledge.datasets import Record
from parlance.knowledge.rules import SearchRules, fit
from parlance.knowledge.shelf import Hit


def hit(name: str, share: float = 1.0, similarity: float | None = None, length: int = 40) -> Hit:
    return Hit(Record(name, "x" * length, "book", "", 0, 0, 0), 1.0, (), share, similarity)


HITS = [hit("a", 0.9), hit("b", 0.2), hit("c", 0.1, 0.7), hit("d", 0.5, 0.1)]


@pytest.mark.parametrize(
    ("profile", "kept"),
    [
        ({}, "abcd"),
        ({"searchMinScore": 0.5}, "acd"),
        ({"searchMinScore": None, "searchMaxRecords": 2}, "ab"),
        ({"searchMinScore": 0.6, "searchMaxRecords": 1.9}, "a"),
        ({"searchMaxRecords": -3}, "a"),
        ({"searchMaxTokens": 25}, "ab"),
        ({"searchMaxTokens": 1}, ""),
        ({"searchMaxTokens": 1e300}, "abcd"),
    ],
)
def test_bound_what_is_found(profile: dict[str, Any], kept: str) -> None:
    assert "".join(one.record.id for one in SearchRules.of(profile).kept(HITS)) == kept


def test_the_fit_is_the_better_of_words_and_meaning() -> None:
    assert [fit(one) for one in HITS] == [0.9, 0.2, 0.7, 0.5]
    assert fit(hit("e", 0.0, -0.4)) == 0.0
    assert fit(hit("e", 1.2)) == 1.0


def test_who_asks_says_how_many_unless_the_owner_does() -> None:
    assert SearchRules().limit(8) == 8
    assert SearchRules.of({"searchMaxRecords": 3}).limit(8) == 3
