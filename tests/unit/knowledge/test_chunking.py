"""Cutting documents into passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.knowledge.importing.chunking import MAX_PASSAGE, passages
from parlance.knowledge.importing.documents import Document, Section, fenced

blocks = st.text(
    st.characters(codec="utf-8", exclude_characters="`") | st.sampled_from(" \n.!"), min_size=1, max_size=400
)


def cut(*texts: str, limit: int = MAX_PASSAGE) -> list[str]:
    return [passage.text for passage in passages(Document("Doc", (Section(("Doc",), texts),)), limit)]


def without_space(text: str) -> str:
    return "".join(text.split())


@given(st.lists(blocks, max_size=8), st.integers(32, 300))
def test_no_text_is_lost_and_no_passage_too_long(texts: list[str], limit: int) -> None:
    found = cut(*texts, limit=limit)
    assert all(0 < len(text) <= limit for text in found)
    assert without_space("".join(found)) == without_space("".join(texts))


@given(st.text(st.sampled_from("ab \n"), min_size=1, max_size=600), st.integers(32, 100))
def test_code_stays_fenced(code: str, limit: int) -> None:
    found = cut(fenced(code), limit=limit)
    assert all(len(text) <= limit for text in found)
    assert all(text.count("```") % 2 == 0 for text in found)
    assert without_space("".join(found)).replace("```", "") == without_space(code)


def test_blocks_that_fit_stay_together() -> None:
    assert cut("One.", "Two.") == ["One.\n\nTwo."]


def test_a_block_that_does_not_fit_begins_the_next_passage() -> None:
    assert cut("a" * 30, "b" * 30, limit=40) == ["a" * 30, "b" * 30]


def test_long_prose_is_cut_between_sentences() -> None:
    assert cut("The first sentence is here. The second one follows. The third ends.", limit=40) == [
        "The first sentence is here.",
        "The second one follows. The third ends.",
    ]


def test_long_lists_are_cut_between_lines() -> None:
    assert cut("- one thing. Or two\n- another thing\n- the last thing", limit=40) == [
        "- one thing. Or two\n- another thing",
        "- the last thing",
    ]


def test_what_announces_a_block_goes_with_it() -> None:
    found = cut("An introduction, long enough.", "Do it like this:", fenced("make run now please"), limit=60)
    assert found == ["An introduction, long enough.", "Do it like this:\n\n```\nmake run now please\n```"]


def test_passages_do_not_cross_sections_and_carry_their_path() -> None:
    document = Document(
        "Guide",
        (
            Section((), ("Before.",)),
            Section(("Guide", "Start"), ("Run it.",)),
            Section(("Extras",), ("More.",), {"page": 2}),
        ),
    )
    assert [(one.title, one.text, dict(one.meta)) for one in passages(document)] == [
        ("Guide", "Before.", {}),
        ("Guide > Start", "Run it.", {}),
        ("Guide > Extras", "More.", {"page": 2}),
    ]


def test_a_limit_that_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least"):
        cut("a", limit=3)
