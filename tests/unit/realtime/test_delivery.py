"""Telling a turn to those who listen: in order, each at its own pace, and never in anybody's way."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from parlance.clock import SystemClock
from parlance.conversations.log import Abandoned, Ended, TurnFailed, TurnLog
from parlance.conversations.model import Claim, Conversation, Failure, Lease, Listener, Message, Turn, TurnState
from parlance.realtime.connections import LIFETIME_MS
from parlance.realtime.delivery import WebSocketAudience
from parlance.realtime.model import Connection
from parlance.realtime.port import PostFailedError
from tests.fakes.faults import Faults
from tests.fakes.realtime import MemoryConnectionStore, RecordingManagement

_FRESH = Listener(-1, None, "n1")
_STREAM = ["message_stream_started", "message_stream_token", "message_stream_token", "message_stream_ended"]


class Bench:
    """One attempt at a turn, told for real: delivery is all about threads, so its clock is the real one."""

    def __init__(self, *, attempt: int = 1, **listeners: Listener) -> None:
        self.clock = SystemClock()
        self.management = RecordingManagement()
        self.store = MemoryConnectionStore()
        self.turn = Turn("turn_1", 1, "msg_1", "msg_2", TurnState.GENERATING, 1, attempt=attempt, listeners=listeners)
        self.log = TurnLog(self.turn, clock=self.clock, speaks_until=self.clock.now() + 60_000)
        conversation = Conversation("tenant_1", "chat_1", "alice", "agent", "T", 1, 1)
        question = Message("msg_1", 1, "user", "?", 1)
        claim = Claim(Lease("me", self.clock.now() + 60_000, 1), conversation, self.turn, question)
        self.faults = Faults()
        audience = WebSocketAudience(self.management, self.faults.around(self.store), self.clock)
        self.broadcast = audience.open(claim, self.log)

    def connect(self, connection_id: str) -> None:
        now = self.clock.now()
        connection = Connection(connection_id, "tenant_1", "alice", "chat_1", "hash", now)
        self.store.connect(connection, 0, instead_of=None, expires_at=now + LIFETIME_MS, token="t")

    def say(self, *tokens: str) -> None:
        for token in tokens:
            self.log.append(token)

    def end(self) -> None:
        reply = Message("msg_2", 2, "assistant", self.log.text(), 2)
        self.log.end(Ended(replace(self.turn, state=TurnState.DONE), reply, stopped=False))

    def hear(self, **listeners: Listener) -> None:
        self.broadcast.heard_by(replace(self.turn, listeners=listeners))

    def close(self) -> None:
        self.broadcast.close(timeout_seconds=5)

    def tokens(self, connection_id: str) -> list[tuple[int, str]]:
        frames = self.management.frames[connection_id]
        return [(frame["index"], frame["token"]) for frame in frames if "token" in frame]


def _eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


def test_a_listener_is_told_everything_in_order() -> None:
    bench = Bench(c=_FRESH)
    bench.say("Hel", "lo")
    bench.end()
    bench.close()
    assert bench.management.kinds("c") == _STREAM
    assert bench.tokens("c") == [(0, "Hel"), (1, "lo")]
    started, *_, ended = bench.management.frames["c"]
    assert (started["message_id"], started["turn_id"], started["chat_id"]) == ("msg_2", "turn_1", "chat_1")
    assert ended["content"] == "Hello"


def test_tokens_are_told_while_the_model_still_thinks() -> None:
    bench = Bench(c=_FRESH)
    bench.say("Hel")
    _eventually(lambda: bench.tokens("c") == [(0, "Hel")])
    bench.say("lo")
    _eventually(lambda: bench.tokens("c") == [(0, "Hel"), (1, "lo")])
    bench.end()
    bench.close()


def test_who_comes_back_goes_on_after_what_it_has() -> None:
    bench = Bench()
    bench.say("a", "b", "c")
    bench.hear(c=Listener(0, None, "n1"), d=Listener(1, 1, "n2"))
    bench.end()
    bench.close()
    assert bench.tokens("c") == [(1, "b"), (2, "c")]
    assert bench.tokens("d") == [(2, "c")]
    assert "message_stream_started" not in bench.management.kinds("c") + bench.management.kinds("d")


@pytest.mark.parametrize("attempt", [None, 1])
def test_who_knows_an_older_attempt_is_told_to_start_over(attempt: int | None) -> None:
    bench = Bench(attempt=2, c=Listener(5, attempt, "n1"))
    bench.say("a")
    bench.end()
    bench.close()
    assert bench.management.frames["c"][0]["attempt"] == 2
    assert bench.tokens("c") == [(0, "a")]


def test_asking_again_moves_the_place_and_makes_no_second_stream() -> None:
    bench = Bench(c=_FRESH)
    bench.say("a", "b")
    _eventually(lambda: len(bench.tokens("c")) == 2)
    bench.hear(c=_FRESH)
    bench.hear(c=Listener(0, 1, "n2"))
    bench.hear(c=Listener(0, 1, "n2"))
    _eventually(lambda: bench.tokens("c") == [(0, "a"), (1, "b"), (1, "b")])
    bench.end()
    bench.close()
    assert bench.management.kinds("c").count("message_stream_ended") == 1


def test_who_asks_after_the_end_is_told_the_end() -> None:
    bench = Bench(c=_FRESH)
    bench.say("a")
    bench.end()
    _eventually(lambda: bench.management.kinds("c")[-1:] == ["message_stream_ended"])
    bench.hear(c=_FRESH, d=Listener(-1, None, "n2"))
    bench.close()
    assert bench.management.kinds("c").count("message_stream_ended") == 1
    assert bench.management.kinds("d")[-1] == "message_stream_ended"


def test_posts_to_a_connection_never_overlap() -> None:
    bench = Bench(c=_FRESH)
    busy = threading.Lock()
    overlapped = threading.Event()

    def slowly(_: str) -> None:
        if not busy.acquire(blocking=False):
            overlapped.set()
            return
        time.sleep(0.002)
        busy.release()

    bench.management.before_post = slowly
    for number in range(40):
        bench.say(str(number))
        if number % 10 == 0:
            bench.hear(c=Listener(number - 1, 1, f"again-{number}"))
    bench.end()
    bench.close()
    assert not overlapped.is_set()
    assert bench.management.kinds("c")[-1] == "message_stream_ended"


def test_a_slow_connection_holds_nobody_up() -> None:
    bench = Bench()
    release = threading.Event()
    bench.management.before_post = lambda connection_id: (
        None if connection_id == "quick" else (release.wait(5), None)[1]
    )
    bench.hear(slow=_FRESH, quick=Listener(-1, None, "n2"))
    bench.say("a", "b")
    bench.end()
    _eventually(lambda: bench.management.kinds("quick") == _STREAM)
    assert bench.management.kinds("slow") == []
    release.set()
    bench.close()
    assert bench.management.kinds("slow") == _STREAM


def test_closing_does_not_wait_for_ever() -> None:
    bench = Bench()
    release = threading.Event()
    bench.management.before_post = lambda _: (release.wait(5), None)[1]
    bench.hear(c=_FRESH)
    bench.say("a", "b")
    bench.end()
    began = time.monotonic()
    bench.broadcast.close(timeout_seconds=0.1)
    assert time.monotonic() - began < 2
    release.set()


def test_a_gone_connection_is_forgotten_and_the_others_go_on() -> None:
    bench = Bench()
    bench.connect("gone")
    bench.management.gone = {"gone"}
    bench.hear(gone=_FRESH, c=Listener(-1, None, "n2"))
    bench.say("a", "b")
    _eventually(lambda: bench.store.connection("gone") is None)
    bench.hear(gone=_FRESH, c=Listener(-1, None, "n2"))
    bench.end()
    bench.close()
    assert bench.management.kinds("c") == _STREAM
    assert bench.management.frames["gone"] == []
    assert list(bench.store.slots("tenant_1")) == []


def test_a_post_that_fails_is_made_again() -> None:
    bench = Bench()
    failures = [PostFailedError("500"), PostFailedError("429")]

    def fail(_: str) -> None:
        if failures:
            raise failures.pop()

    bench.management.before_post = fail
    bench.hear(c=_FRESH)
    bench.say("a", "b")
    bench.end()
    bench.close()
    assert bench.management.kinds("c") == _STREAM


def test_after_a_lost_token_only_the_end_is_told() -> None:
    bench = Bench(c=_FRESH)
    _eventually(lambda: bench.management.kinds("c") == ["message_stream_started"])
    failing = [PostFailedError("500")] * 4

    def fail(_: str) -> None:
        if failing:
            raise failing.pop()

    bench.management.before_post = fail
    bench.say("a")
    _eventually(lambda: not failing)
    bench.say("b", "c")
    bench.end()
    bench.close()
    assert bench.tokens("c") == []
    assert bench.management.frames["c"][-1]["content"] == "abc"


def test_a_failed_turn_is_an_error_event() -> None:
    bench = Bench(c=_FRESH)
    failure = Failure("AGENT_ERROR", "The agent could not answer.")
    bench.log.end(TurnFailed(replace(bench.turn, failure=failure), failure))
    bench.close()
    error = bench.management.frames["c"][-1]
    assert (error["event_type"], error["code"]) == ("error", "AGENT_ERROR")


def test_an_abandoned_attempt_ends_without_a_word() -> None:
    bench = Bench(c=_FRESH)
    bench.say("a")
    _eventually(lambda: len(bench.tokens("c")) == 1)
    bench.log.end(Abandoned(bench.turn))
    bench.close()
    assert bench.management.kinds("c") == ["message_stream_started", "message_stream_token"]


def test_a_fault_in_forgetting_ends_one_thread_only() -> None:
    bench = Bench()
    bench.management.gone = {"gone"}
    bench.faults.fail_before("disconnect", OSError("no table"))
    bench.hear(gone=_FRESH, c=Listener(-1, None, "n2"))
    bench.say("a", "b")
    bench.end()
    bench.close()
    assert bench.management.kinds("c") == _STREAM
