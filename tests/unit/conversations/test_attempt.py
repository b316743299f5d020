"""One attempt against models that behave in every way a model can."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from parlance.agents.models.base import (
    Cancellation,
    Completed,
    ModelError,
    ModelEvent,
    ModelTimeoutError,
    TextDelta,
)
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.log import End, Ended, TurnFailed
from parlance.conversations.model import Conversation, Listener, Turn, TurnState
from parlance.conversations.port import LeaseLostError
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Idle, Worker
from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore

type Script = Callable[[str, Cancellation], Iterator[ModelEvent]]

_TIMING = Timing(tick=0.002, stop_grace=0.02)
_DONE = Completed(3, 5, {"model": "scripted"})


class House:
    """One conversation, one worker, one message."""

    def __init__(self, script: Script, timing: Timing = _TIMING) -> None:
        self.clock, self.ids, self.faults = ManualClock(), CountingIds(), Faults()
        self.timing = timing
        tables = MemoryTables()
        self.turns = MemoryTurnStore(tables)
        now = self.clock.now()
        chat = Conversation("acme", "chat", "alice", "default", "A chat", now, now)
        MemoryConversationStore(tables).create(chat, key=None, token="create")
        self.responder = ScriptedResponder(script)
        self.audience, self.wakeups = ListeningAudience(), QueuedWakeups()
        turns = self.faults.around(self.turns)
        self.engine = TurnEngine(turns, self.wakeups, clock=self.clock, ids=self.ids, timing=timing)
        self.worker = Worker(
            turns,
            self.responder,
            self.audience,
            self.wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=timing,
        )

    def answer(self, *, seconds: float = 900) -> End:
        self.engine.begin(BeginTurn("acme", "chat", "hello", connection_id="c"))
        deadline = self.clock.monotonic() + seconds
        assert self.worker.drain("acme", "chat", turn_number=1, deadline=deadline) == Idle()
        end = self.audience.heard[0].end
        assert end is not None
        return end

    def turn(self) -> Turn:
        found = self.turns.turn("acme", "chat", 1)
        assert found is not None
        return found


def _comes_true(holds: Callable[[], bool]) -> bool:
    """Whether it holds within ten seconds."""
    until = time.monotonic() + 10
    while not holds() and time.monotonic() < until:
        time.sleep(0.002)
    return holds()


def test_a_reply_is_stored_with_its_model_and_tokens() -> None:
    house = House(lambda _text, _cancel: iter([TextDelta("hi "), TextDelta("there"), _DONE]))

    end = house.answer()

    assert isinstance(end, Ended)
    assert end.reply.content == "hi there"
    assert end.reply.metadata == {"model": "scripted", "input_tokens": 3, "output_tokens": 5, "tokens_used": 8}
    assert house.turns.message("acme", "chat", 2) == end.reply


def _raising(error: Exception) -> Script:
    def script(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("half a ")
        raise error

    return script


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (_raising(ModelError("connection reset")), "AGENT_ERROR"),
        (_raising(ModelTimeoutError("too slow")), "AGENT_TIMEOUT"),
        (_raising(KeyError("a bug")), "AGENT_ERROR"),
        (lambda _text, _cancel: iter([TextDelta("no end")]), "AGENT_ERROR"),
        (lambda _text, _cancel: iter([_DONE]), "AGENT_ERROR"),
        (lambda _text, _cancel: iter([TextDelta(" \n "), _DONE]), "AGENT_ERROR"),
        (lambda _text, _cancel: iter([]), "AGENT_ERROR"),
    ],
    ids=["model error", "model timeout", "bug", "no end", "no text", "blank text", "nothing"],
)
def test_a_model_that_does_not_answer_fails_its_turn_and_no_other(script: Script, code: str) -> None:
    house = House(script)

    end = house.answer()

    assert isinstance(end, TurnFailed)
    assert (house.turn().state, end.failure.code) == (TurnState.FAILED, code)
    assert "reset" not in end.failure.message
    assert house.turns.message("acme", "chat", 2) is None
    assert house.turns.history("acme", "chat", below=9, limit=9) == []


def test_a_model_that_outlives_the_workers_time_fails_as_timed_out() -> None:
    def dawdling(_text: str, cancel: Cancellation) -> Iterator[ModelEvent]:
        while not cancel.wait(0.002):
            yield TextDelta("and ")
            renewals = house.faults.calls("renew")
            house.clock.advance(_TIMING.renew_every)
            assert _comes_true(partial(renewed_or_cancelled, renewals, cancel))

    def renewed_or_cancelled(renewals: int, cancel: Cancellation) -> bool:
        return cancel.requested or house.faults.calls("renew") > renewals

    house = House(dawdling)

    end = house.answer(seconds=100)

    assert isinstance(end, TurnFailed)
    assert end.failure.code == "AGENT_TIMEOUT"


def test_a_model_that_thinks_for_long_before_its_first_token_keeps_its_lease() -> None:
    renewals: list[int] = []

    def thinking(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        for _ in range(12):
            house.clock.advance(_TIMING.renew_every)
            renewals.append(house.faults.calls("renew"))
            assert renewed.wait(10)
            renewed.clear()
        yield TextDelta("42")
        yield _DONE

    house, renewed = House(thinking), threading.Event()
    for nth in range(1, 13):
        house.faults.call_after("renew", renewed.set, nth=nth)

    assert isinstance(house.answer(), Ended)

    assert renewals == list(range(12))
    assert house.audience.heard[0].claim.turn.attempt == 1


def _looked(house: House) -> int:
    return house.faults.calls("look") + house.faults.calls("renew")


def _looked_since(house: House, seen: int) -> bool:
    return _looked(house) > seen


def _pass_looks(house: House, times: int) -> None:
    """Let so many looks fall due, and be made, one after another."""
    for _ in range(times):
        seen = _looked(house)
        house.clock.advance(_TIMING.look_every)
        assert _comes_true(partial(_looked_since, house, seen))


def test_a_renewal_and_a_look_that_fail_are_made_again_at_the_next_look() -> None:
    renewals: list[int] = []

    def steady(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        for _ in range(12):
            _pass_looks(house, 1)
            renewals.append(house.faults.calls("renew"))
        yield TextDelta("done")
        yield _DONE

    house = House(steady)
    house.faults.fail_before("renew", UnansweredError("timed out"))
    house.faults.fail_before("look", ContendedError("throttled"))

    assert isinstance(house.answer(), Ended)
    assert house.faults.pending == []
    assert renewals == [0] * 9 + [1, 2, 2]


def test_looking_for_a_stop_costs_at_most_one_call_a_second_beside_the_renewals() -> None:
    began: list[float] = []
    beside: list[tuple[float, int]] = []

    def silent(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        began.append(house.clock.monotonic())
        before = house.faults.all_calls
        for _ in range(200):
            _pass_looks(house, 1)
            passed = house.clock.monotonic() - began[0]
            beside.append((passed, house.faults.all_calls - before - house.faults.calls("renew")))
        yield TextDelta("done")
        yield _DONE

    house = House(silent)

    assert isinstance(house.answer(), Ended)
    assert all(calls <= math.ceil(passed) for passed, calls in beside)
    passed, calls = beside[-1]
    assert (round(passed, 6), calls) == (180, 180)


@pytest.mark.parametrize("after", range(11))
def test_a_stop_is_seen_at_the_next_look_also_when_that_is_the_renewal(after: int) -> None:
    seen: list[float] = []

    def silent(_text: str, cancel: Cancellation) -> Iterator[ModelEvent]:
        _pass_looks(house, after)
        house.engine.stop("acme", "chat", house.turn())
        asked = house.clock.monotonic()
        _pass_looks(house, 1)
        assert cancel.wait(10)
        seen.append(house.clock.monotonic() - asked)
        yield _DONE

    house = House(silent)

    end = house.answer()

    assert isinstance(end, Ended)
    assert end.stopped
    assert seen == [pytest.approx(_TIMING.look_every)]
    assert house.faults.calls("renew") == (after >= 9)


def test_a_stop_ends_a_model_that_does_not_listen() -> None:
    released = threading.Event()

    def deaf(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("before the stop")
        assert _comes_true(lambda: house.audience.heard[0].log.text() == "before the stop")
        house.engine.stop("acme", "chat", house.turn())
        house.clock.advance(_TIMING.look_every)
        while not house.faults.calls("finish"):
            # In small steps: the lease must not run out before a busy machine has looked at the clock.
            house.clock.advance(_TIMING.stop_grace)
            released.wait(0.005)
        yield TextDelta("after the stop")

    house = House(deaf)

    end = house.answer()
    released.set()

    assert isinstance(end, Ended)
    assert end.stopped
    assert end.reply.content == "before the stop"
    assert end.reply.metadata == {"stopped": True}
    assert house.turn().state is TurnState.STOPPED


def test_a_turn_stopped_while_it_waits_is_ended_without_a_model_call() -> None:
    house = House(lambda _text, _cancel: iter([TextDelta("unheard"), _DONE]))
    house.faults.call_before("work", lambda: house.engine.stop("acme", "chat", house.turn()))

    end = house.answer()

    assert isinstance(end, Ended)
    assert (end.stopped, end.reply.content) == (True, "")
    assert house.responder.calls == []


def test_a_reply_longer_than_may_be_is_cut_and_says_so() -> None:
    def endless(_text: str, cancel: Cancellation) -> Iterator[ModelEvent]:
        while not cancel.requested:
            yield TextDelta("words ")

    house = House(endless, replace(_TIMING, reply_bytes_max=600))

    end = house.answer()

    assert isinstance(end, Ended)
    assert len(end.reply.content) == 600
    assert end.reply.metadata == {"cut_short": True}


def test_tokens_are_kept_at_each_look_and_can_be_followed_by_another_process() -> None:
    followed: list[str] = []

    def speaking(_text: str, _cancel: Cancellation) -> Iterator[ModelEvent]:
        for word in ("one ", "two ", "three "):
            yield TextDelta(word)
            house.clock.advance(_TIMING.chunk_every)
            assert _comes_true(partial(heard, word))
            kept.clear()
            house.clock.advance(_TIMING.look_every)
            assert kept.wait(10)
        batches = house.turns.tokens("acme", "chat", house.turn(), after_index=0)
        followed.extend("".join(batch.tokens) for batch in batches)
        yield _DONE

    def heard(word: str) -> bool:
        return house.audience.heard[0].log.text().endswith(word)

    house, kept = House(speaking), threading.Event()
    for nth in range(1, 4):
        house.faults.call_after("put_tokens", kept.set, nth=nth)

    assert isinstance(house.answer(), Ended)

    assert followed == ["two ", "three "]
    assert list(house.engine.follow("acme", "chat", house.turn()))[-1] == Ended(
        house.turn(), house.turns.history("acme", "chat", below=9, limit=9)[1], stopped=False
    )


def test_who_listens_is_told_at_every_look_and_once_more_after_the_finish() -> None:
    house = House(lambda _text, _cancel: iter([TextDelta("hi"), _DONE]))
    late = Listener(after_index=-1, attempt=None, nonce="late")
    house.faults.call_before(
        "finish",
        lambda: house.turns.listen("acme", "chat", 1, connection_id="late", listener=late),
    )

    house.answer()

    assert set(house.audience.heard[0].turns[-1].listeners) == {"c", "late"}


def test_a_finish_that_is_refused_is_not_told_as_an_end() -> None:
    house = House(lambda _text, _cancel: iter([TextDelta("hi"), _DONE]))
    house.faults.fail_before("finish", LeaseLostError())
    house.engine.begin(BeginTurn("acme", "chat", "hello"))

    house.worker.drain("acme", "chat", turn_number=1, deadline=house.clock.monotonic() + 900)

    assert type(house.audience.heard[0].end).__name__ == "Abandoned"
    assert house.turns.message("acme", "chat", 2) is None


def test_with_little_time_left_the_line_is_handed_over() -> None:
    house = House(lambda _text, _cancel: iter([TextDelta("hi"), _DONE]))
    house.engine.begin(BeginTurn("acme", "chat", "hello"))

    drained = house.worker.drain("acme", "chat", turn_number=1, deadline=house.clock.monotonic() + 59)

    assert drained == Idle()
    assert house.wakeups.woken == [("acme", "chat", 1)]
    assert house.responder.calls == []


def test_a_history_read_too_early_is_read_again() -> None:
    house = House(lambda text, _cancel: iter([TextDelta(f"re: {text}"), _DONE]))
    house.answer()
    house.engine.begin(BeginTurn("acme", "chat", "second"))
    early = house.turns.history("acme", "chat", below=2, limit=9)
    stale = [early]
    real = house.turns.history
    house.turns.history = lambda *given, **named: stale.pop() if stale else real(*given, **named)  # type: ignore[method-assign]

    house.worker.drain("acme", "chat", turn_number=3, deadline=house.clock.monotonic() + 900)

    assert [message.content for message in house.responder.histories[1]] == ["hello", "re: hello"]
