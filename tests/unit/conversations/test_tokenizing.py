"""Text becomes tokens: at once at first, then a few a second, cut between characters, never too long in all."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parlance.conversations.timing import Timing
from parlance.conversations.tokenizing import Tokenizer
from tests.fakes.clock import ManualClock

_TIMING = Timing()


def tokenizer(clock: ManualClock, timing: Timing = _TIMING) -> tuple[Tokenizer, list[str]]:
    tokens: list[str] = []
    return Tokenizer(tokens.append, clock=clock, timing=timing), tokens


def test_the_first_token_goes_out_at_once_and_the_next_ones_wait_for_company() -> None:
    clock = ManualClock()
    cut, tokens = tokenizer(clock)
    for word in ("one ", "two ", "three "):
        cut.add(word)
    assert tokens == ["one "]

    clock.advance(_TIMING.chunk_every)
    cut.flush_if_due()

    assert tokens == ["one ", "two three "]


def test_a_kilobyte_does_not_wait() -> None:
    cut, tokens = tokenizer(ManualClock())
    cut.add("first")

    cut.add("x" * _TIMING.chunk_bytes)

    assert tokens == ["first", "x" * _TIMING.chunk_bytes]


@given(st.lists(st.text(min_size=1), max_size=8), st.integers(4, 64))
def test_no_text_is_lost_and_no_token_is_too_long(pieces: list[str], size: int) -> None:
    cut, tokens = tokenizer(ManualClock(), replace(_TIMING, chunk_bytes=size))
    for piece in pieces:
        assert cut.add(piece)
    cut.flush()

    expected = "".join(pieces).encode(errors="replace").decode()
    assert "".join(tokens) == expected
    assert all(0 < len(token.encode()) <= size for token in tokens)


@given(st.text(alphabet="aé€😀", min_size=1), st.integers(4, 40))
def test_a_reply_ends_at_its_greatest_length_between_two_characters(text: str, most: int) -> None:
    cut, tokens = tokenizer(ManualClock(), replace(_TIMING, reply_bytes_max=most))

    more = cut.add(text)
    cut.flush()

    kept = "".join(tokens)
    assert text.startswith(kept)
    assert more is (len(text.encode()) < most)
    assert kept == text or most - 4 < len(kept.encode()) <= most
