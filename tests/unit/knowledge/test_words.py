"""What counts as the words of a question."""

import pytest

from parlance.knowledge.words import content_words, leans_on_what_was_said, spaced, words


def test_words_are_letters_and_digits_in_lower_case() -> None:
    assert words("Don't set MAX_SIZE=10, ok?") == ["don", "t", "set", "max", "size", "10", "ok"]


def test_scripts_without_spaces_go_sign_by_sign() -> None:
    assert words("東京 tower") == ["東", "京", "tower"]
    assert spaced("in東京").split() == ["in", "東", "京"]


def test_content_words_are_distinct_and_say_something() -> None:
    assert content_words("How do I start Parlance, and how do I stop Parlance?") == [
        "start",
        "parlance",
        "stop",
    ]
    assert content_words("Hello, what can you do?") == []


@pytest.mark.parametrize("text", ["and how do I stop it?", "What does that mean", "Also on Windows?"])
def test_a_question_that_leans(text: str) -> None:
    assert leans_on_what_was_said(text)


@pytest.mark.parametrize("text", ["How do I stop the server?", "", "???", "Sandy beaches"])
def test_a_question_that_stands_alone(text: str) -> None:
    assert not leans_on_what_was_said(text)
