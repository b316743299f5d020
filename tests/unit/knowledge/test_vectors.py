"""The nearest of many vectors."""

import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.knowledge.vectors import LocalVectors, unit


@pytest.fixture
def vectors() -> Iterator[LocalVectors]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield LocalVectors(connection)


def test_the_nearest_come_first_with_their_cosine(vectors: LocalVectors) -> None:
    vectors.put({1: [1, 0.1, 0], 2: [0, 5, 0.1], 3: [3, 3, 0.1]})
    found = vectors.nearest([2, 0, 0], 2)
    assert [place for place, _ in found] == [1, 3]
    assert found[0][1] == pytest.approx(1 / math.sqrt(1.01), abs=1e-6)


def test_looking_at_signs_first_loses_next_to_nothing(vectors: LocalVectors) -> None:
    """Of the ten nearest of two thousand by full comparison, nine are found on average at least."""
    source = random.Random(7)  # noqa: S311 - the same numbers each time
    themes = [[source.gauss(0, 1) for _ in range(96)] for _ in range(40)]
    made = {place: [one + source.gauss(0, 0.8) for one in themes[place % len(themes)]] for place in range(2_000)}
    vectors.put(made)
    kept = 0
    for theme in themes[:10]:
        asked = unit(theme)
        best = sorted(made, key=lambda place: -math.sumprod(asked, unit(made[place])))[:10]
        kept += len({place for place, _ in vectors.nearest(theme, 10)} & set(best))
    assert kept >= 90


def test_another_models_vectors_are_forgotten(vectors: LocalVectors) -> None:
    vectors.start("one")
    vectors.put({1: [1, 0]})
    vectors.start("one")
    assert vectors.nearest([1, 0], 5) != []
    vectors.start("another")
    assert (vectors.model, vectors.nearest([1, 0], 5)) == ("another", [])


def test_changes_are_seen(vectors: LocalVectors) -> None:
    vectors.put({1: [1, 0], 2: [0.9, 0.1]})
    assert [place for place, _ in vectors.nearest([1, 0], 5)] == [1, 2]
    vectors.remove(1)
    assert [place for place, _ in vectors.nearest([1, 0], 5)] == [2]
    vectors.put({2: [0, 1], 3: [1, 0]})
    assert [place for place, _ in vectors.nearest([1, 0], 1)] == [3]


def test_what_is_kept_elsewhere_is_not_compared(vectors: LocalVectors) -> None:
    vectors.put({1: []})
    assert vectors.nearest([1, 0], 5) == []


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_unit_has_length_one_or_none(vector: list[float]) -> None:
    length = math.sqrt(math.sumprod(unit(vector), unit(vector)))
    assert length == pytest.approx(1, abs=1e-3) or length == 0 or math.sumprod(vector, vector) < 1e-60
