"""The log of an attempt: every reader has its own place, and nobody hears a holder whose lease has run out."""

import threading

from parlance.conversations.log import Abandoned, Ended, Started, Token, TurnLog
from parlance.conversations.model import Message, Turn, TurnState
from tests.fakes.clock import ManualClock

_TURN = Turn("turn_1", 1, "msg_1", "msg_2", TurnState.GENERATING, 0, attempt=1)
_REPLY = Message("msg_2", 2, "assistant", "one two", 0)
_LEASE_MS = 30_000


def log(clock: ManualClock) -> TurnLog:
    return TurnLog(_TURN, clock=clock, speaks_until=clock.now() + _LEASE_MS)


def test_each_reader_goes_on_from_its_own_place() -> None:
    told = log(ManualClock())
    for text in ("one", " ", "two"):
        told.append(text)

    assert told.wait(-1, timeout_seconds=0) == ([Token(0, "one"), Token(1, " "), Token(2, "two")], None)
    assert told.wait(1, timeout_seconds=0) == ([Token(2, "two")], None)
    assert told.wait(2, timeout_seconds=0) == ([], None)


def test_the_end_comes_after_the_last_token_and_the_first_end_stays() -> None:
    told = log(ManualClock())
    told.append("one")
    told.end(Ended(_TURN, _REPLY, stopped=False))
    told.end(Abandoned(_TURN))
    told.append("late")

    assert list(told.events()) == [Started(_TURN), Token(0, "one"), Ended(_TURN, _REPLY, stopped=False)]
    assert told.text() == "one"


def test_after_the_lease_nothing_is_told_but_that_the_attempt_is_abandoned() -> None:
    clock = ManualClock()
    told = log(clock)
    told.append("one")
    clock.advance(_LEASE_MS / 1000)

    assert told.wait(-1, timeout_seconds=0) == ([], Abandoned(_TURN))

    told.extend_lease(clock.now() + _LEASE_MS)
    assert told.wait(-1, timeout_seconds=0) == ([Token(0, "one")], None)


def test_an_end_that_was_stored_is_told_after_the_lease_too() -> None:
    clock = ManualClock()
    told = log(clock)
    told.append("one")
    told.end(Ended(_TURN, _REPLY, stopped=False))
    clock.advance(_LEASE_MS)

    tokens, end = told.wait(-1, timeout_seconds=0)

    assert (tokens, end) == ([Token(0, "one")], Ended(_TURN, _REPLY, stopped=False))


def test_a_waiting_reader_is_woken_by_a_token() -> None:
    told, heard = log(ManualClock()), []
    reader = threading.Thread(target=lambda: heard.extend(told.wait(-1, timeout_seconds=10)[0]))
    reader.start()

    told.append("one")
    reader.join(10)

    assert heard == [Token(0, "one")]
