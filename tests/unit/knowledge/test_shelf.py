"""A dataset's records in memory: they can change, and be kept."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.knowledge.datasets import Record
from parlance.knowledge.shelf import Shelf
from parlance.knowledge.words import content_words


def record(name: str, text: str, position: int = 0, title: str = "") -> Record:
    return Record(f"rec_{name}", text, f"{name}.md", title, position, 1, 1, {"page": 1})


def found(shelf: Shelf, question: str) -> list[str]:
    asked = shelf.asked(content_words(question))
    return [hit.record.text for hit in shelf.hits(shelf.by_words(asked, 10), asked, {})]


def test_a_record_comes_back_as_it_was() -> None:
    kept = record("a", "Kestrels hover.")
    shelf = Shelf.of(3, [kept])
    asked = shelf.asked(["kestrels"])
    (hit,) = shelf.hits(shelf.by_words(asked, 5), asked, {})
    assert hit.record == kept
    assert (shelf.version, shelf.size) == (3, 1)


def test_changes_are_found_and_what_they_replace_is_not() -> None:
    shelf = Shelf.of(1, [record("a", "Kestrels hover."), record("b", "Owls sleep."), record("c", "Herons wade.")])
    changed = [record("a", "Falcons dive."), record("d", "Terns plunge.")]
    shelf.apply(2, ["rec_a", "rec_b", "rec_d", "rec_never_was"], changed)
    assert (shelf.version, shelf.size) == (2, 3)
    assert found(shelf, "kestrels owls falcons terns herons") != []
    assert found(shelf, "kestrels") == found(shelf, "owls") == found(shelf, "hover") == []
    assert [found(shelf, one) for one in ("falcon", "tern", "heron")] == [
        ["Falcons dive."],
        ["Terns plunge."],
        ["Herons wade."],
    ]


def test_applying_twice_changes_nothing_more() -> None:
    shelf = Shelf.of(1, [record("a", "Kestrels hover.")])
    for _ in range(2):
        shelf.apply(2, ["rec_a", "rec_b"], [record("a", "Falcons dive."), record("b", "Owls sleep.")])
    assert shelf.size == 2
    assert found(shelf, "falcons") == ["Falcons dive."]


def test_a_changed_shelf_ranks_as_one_that_was_made_so() -> None:
    """Counts and lengths follow the changes, so that scores do."""
    after = [record(f"r{n}", f"word{n % 7} kestrel " + "filler " * n) for n in range(40)]
    before = [record(f"r{n}", f"word{n % 5} owl kestrel") for n in range(20)]
    changed = Shelf.of(1, [*before, record("gone", "kestrel kestrel kestrel")])
    changed.apply(2, [one.id for one in [*before, *after]] + ["rec_gone"], after)
    made = Shelf.of(2, after)

    def scored(shelf: Shelf) -> dict[str, float]:
        asked = shelf.asked(["kestrel", "word3"])
        hits = shelf.hits(shelf.by_words(asked, 100), asked, {})
        return {hit.record.id: round(hit.score, 9) for hit in hits}

    assert scored(changed) == scored(made)


def test_what_is_dumped_comes_back() -> None:
    shelf = Shelf.of(4, [record("a", "Kestrels hover."), record("b", "Owls sleep.")])
    shelf.apply(5, ["rec_b"], [])
    again = Shelf(5, shelf.dump())
    assert again.size == 1
    assert found(again, "kestrel") == ["Kestrels hover."]
    again.apply(6, ["rec_a"], [record("a", "Falcons dive.")])
    assert (found(again, "kestrel"), found(again, "falcon")) == ([], ["Falcons dive."])
    assert found(shelf, "kestrel") == ["Kestrels hover."], "they share nothing"


@pytest.mark.parametrize("data", [b"", b"x", b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_what_is_no_database_is_refused(data: bytes) -> None:
    with pytest.raises((sqlite3.Error, ValueError)):
        Shelf(1, data).size  # noqa: B018 - reading is the test


def test_a_change_that_fails_changes_nothing() -> None:
    shelf = Shelf.of(1, [record("a", "Kestrels hover.")])
    odd = Record("rec_b", "Owls sleep.", "b.md", "", 0, 1, 1, {"meta": object()})
    with pytest.raises(TypeError):
        shelf.apply(2, ["rec_a", "rec_b"], [odd])
    assert (shelf.version, shelf.size) == (1, 1)
    assert found(shelf, "kestrel") == ["Kestrels hover."]


def test_a_word_said_twice_counts_twice() -> None:
    shelf = Shelf.of(1, [record("a", "kestrel and owl"), record("b", "heron and owl"), record("c", "heron alone now")])
    once, twice = shelf.asked(["kestrel", "heron"]), shelf.asked(["kestrel", "heron", "kestrel", "kestrel"])
    scores = [{one.place: one.score for one in shelf.by_words(asked, 5)} for asked in (once, twice)]
    assert scores[1][0] > scores[0][0]
    assert scores[1][1] == pytest.approx(scores[0][1], rel=0.2)


def test_saying_a_word_without_end_costs_nothing() -> None:
    shelf = Shelf.of(1, [record("a", "kestrel and owl")])
    asked = shelf.asked(["kestrel"] * 100_000)
    assert [one.place for one in shelf.by_words(asked, 5)] == [0]


@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=30)), max_size=30))
def test_any_sequence_of_changes_leaves_the_last_of_each(changes: list[tuple[int, str]]) -> None:
    shelf, expected = Shelf(1), dict[str, str]()
    for version, (number, text) in enumerate(changes, start=2):
        one = record(str(number), text)
        present = [one] if text else []
        expected.pop(one.id, None)
        expected.update({one.id: text} if text else {})
        shelf.apply(version, [one.id], present)
    assert shelf.size == len(expected)
    assert shelf.ids() == expected.keys()
    again = Shelf(1, shelf.dump())
    assert again.ids() == expected.keys()
