"""Choosing the part of a passage that answers."""

from hypothesis import given
from hypothesis import strategies as st

from parlance.knowledge.excerpts import excerpt

PROSE = (
    "Parlance is a chat backend. It was written in a rainy autumn. Nobody remembers why. "
    "To start it, call make run. The front door opens then. It listens on port 8000. "
    "Much later it was painted green. The paint has come off since."
)


def test_a_short_passage_is_given_whole() -> None:
    assert excerpt("One. Two.", {"two": 1.0}, 100) == "One. Two."


def test_the_sentences_that_hold_the_words_are_chosen_whole() -> None:
    found = excerpt(PROSE, {"start": 2.0, "port": 2.0}, 100)
    assert found == "To start it, call make run. The front door opens then. It listens on port 8000."


def test_other_forms_of_a_word_count() -> None:
    assert "painted green" in excerpt(PROSE, {"painting": 1.0}, 60)


def test_code_is_never_cut_in_two() -> None:
    text = f"{PROSE}\n\nLike this:\n\n```\nmake run\n\nmake stop\n```\n\n{PROSE}"
    found = excerpt(text, {"stop": 1.0}, 120)
    assert "```\nmake run\n\nmake stop\n```" in found


def test_a_list_is_cut_between_items() -> None:
    text = "\n".join(f"- item {n} speaks of number {n}\n  on two lines" for n in range(30))
    found = excerpt(text, {"17": 1.0}, 100)
    assert "item 17" in found
    assert found.startswith("- item")
    assert found.endswith("on two lines")


def test_what_announces_something_that_is_cut_off_goes_with_it() -> None:
    text = f"Start it by hand. Or like this:\n\n```\n{'make run ' * 20}\n```"
    assert excerpt(text, {"start": 1.0}, 60) == "Start it by hand."


def test_nothing_but_space_says_nothing() -> None:
    assert excerpt(" \n" * 50, {"word": 1.0}, 10) == ""


@given(st.text(max_size=600), st.lists(st.text(max_size=10), max_size=3), st.integers(1, 200))
def test_any_text_can_be_excerpted(text: str, wanted: list[str], limit: int) -> None:
    found = excerpt(text, dict.fromkeys(wanted, 1.0), limit)
    assert len(found) <= max(len(text), limit) + 2
