"""Full-text search in memory."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from parlance.knowledge.index import Entry, Index
from parlance.knowledge.words import words

INDEX = Index.of(
    [
        Entry("Start the server with make run.", "Running", "run.md"),
        Entry("The server is stopped by Ctrl-C.", "Stopping", "stop.md"),
        Entry('Quotes "like these" and a*b OR c.', "Signs", "signs.md"),
        Entry("我住在東京。", "日本", "ja.md"),
    ]
)


def found(*wanted: str) -> list[int]:
    return [ranked.place for ranked in INDEX.ranked(Counter(wanted), 10)]


def test_every_form_of_a_word_is_found() -> None:
    assert INDEX.places("starting") == {0}
    assert INDEX.places("servers") == {0, 1}
    assert INDEX.places("absent") == frozenset()


def test_titles_weigh_more_than_bodies() -> None:
    index = Index.of([Entry("running a long way", "Walks"), Entry("a long way to walk", "Running")])
    assert [ranked.place for ranked in index.ranked(Counter(["running"]), 5)] == [1, 0]


def test_better_texts_come_first_with_higher_scores() -> None:
    ranked = INDEX.ranked(Counter(["server", "stop"]), 10)
    assert [one.place for one in ranked] == [1, 0]
    assert ranked[0].score > ranked[1].score > 0


def test_a_rare_word_tells_more() -> None:
    assert INDEX.rarity(0) > INDEX.rarity(1) > INDEX.rarity(3) > 0


def test_the_syntax_of_the_index_has_no_power() -> None:
    assert found("*") == found('"') == found("NEAR(a b)") == []
    assert found("OR") == [2], "a word like any other"
    assert found('like" OR "server') == []
    assert found("title:running") == []


def test_signs_of_scripts_without_spaces_are_found() -> None:
    assert found("東") == [3]


def test_nothing_is_found_for_nothing() -> None:
    assert found() == []
    assert Index.of([]).ranked(Counter(["a"]), 5) == []


@given(st.text())
def test_any_text_can_be_asked_for(text: str) -> None:
    INDEX.places(text)
    INDEX.ranked(Counter([text]), 5)
    INDEX.ranked(Counter(words(text)), 5)


@given(st.lists(st.text(), max_size=5))
def test_any_text_can_be_indexed(texts: list[str]) -> None:
    index = Index.of(Entry(text, text, text) for text in texts)
    assert index.size == len(texts)
    for text in texts:
        index.ranked(Counter(words(text)), 5)


@given(st.text(alphabet=st.characters(categories=["Ll", "Nd"], max_codepoint=0x24F), min_size=2, max_size=30))
def test_every_plain_word_finds_its_text(word: str) -> None:
    index = Index.of([Entry(f"before {word} after"), Entry("nothing of the kind")])
    assert 0 in index.places(word)
