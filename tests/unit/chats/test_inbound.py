"""Frames of open connections: what is checked first, what is told, and in which order things happen."""

from collections.abc import Iterator

import pytest

from parlance.agents.models.base import Cancellation, ModelError, ModelEvent
from parlance.conversations.model import TurnState
from parlance.errors import UnavailableError
from parlance.identity.model import Limits
from parlance.storage.table import ContendedError
from tests.unit.chats.bench import CHAT, Bench


def _failing(_content: str, _cancellation: Cancellation) -> Iterator[ModelEvent]:
    raise ModelError("no")


class TestMessages:
    def test_the_receipt_is_posted_before_the_worker_is_woken(self) -> None:
        bench = Bench()
        woken_at_post: list[int] = []
        bench.management.before_post = lambda _: woken_at_post.append(len(bench.wakeups.woken))
        bench.send({"content": "Hi", "client_message_id": "m"})
        assert bench.kinds() == ["message_received"]
        assert woken_at_post == [0]
        assert bench.wakeups.woken == [(bench.tenant_id, CHAT, 1)]
        assert len(bench.wakeups.watching) == 1

    def test_a_worker_tells_the_reply(self) -> None:
        bench = Bench()
        bench.send({"content": "Hi"})
        bench.work()
        assert bench.kinds()[0] == "message_received"
        assert bench.kinds()[1] == "message_stream_started"
        assert bench.last()["content"] == "re: Hi"

    def test_a_wakeup_that_is_not_sent_is_no_error(self) -> None:
        bench = Bench()
        bench.faults.fail_before("wake", UnavailableError("down"))
        bench.send({"content": "Hi"})
        assert bench.kinds() == ["message_received"]
        assert len(bench.wakeups.watching) == 1

    def test_without_a_watchdog_nothing_is_begun(self) -> None:
        bench = Bench()
        bench.faults.fail_before("watch", UnavailableError("down"))
        bench.send({"content": "Hi"})
        assert bench.last()["code"] == "INTERNAL_ERROR"
        assert bench.turns.turn(bench.tenant_id, CHAT, 1) is None

    def test_a_sender_that_is_gone_still_gets_its_reply_stored(self) -> None:
        bench = Bench()
        bench.management.gone = {"c"}
        bench.send({"content": "Hi"})
        assert bench.store.connection("c") is None
        assert len(bench.wakeups.woken) == 1
        bench.work()
        assert bench.turn().state is TurnState.DONE


class TestRepeats:
    _FRAME = {"content": "Hi", "client_message_id": "m"}  # noqa: RUF012 - never changed

    def test_a_repeat_on_the_same_connection_wakes_and_listens_once(self) -> None:
        bench = Bench()
        bench.send(self._FRAME)
        listeners = bench.turn().listeners
        bench.send(self._FRAME)
        first, second = (frame["message_id"] for frame in bench.management.frames["c"])
        assert first == second
        assert bench.turn().listeners == listeners
        assert len(bench.wakeups.woken) == 2
        bench.work()
        assert bench.kinds()[2:].count("message_stream_started") == 1

    def test_a_repeat_over_another_connection_is_told_too(self) -> None:
        bench = Bench()
        bench.connect("d")
        bench.send(self._FRAME)
        bench.send(self._FRAME, "d")
        bench.work()
        for connection_id in ("c", "d"):
            assert bench.last(connection_id)["content"] == "re: Hi"

    def test_a_repeat_of_a_failed_turn_tries_it_again(self) -> None:
        bench = Bench()
        bench.responder.script = _failing
        bench.send(self._FRAME)
        bench.work()
        assert bench.last()["code"] == "AGENT_ERROR"
        bench.responder.script = Bench().responder.script
        bench.send(self._FRAME)
        bench.work()
        started = [frame["attempt"] for frame in bench.management.frames["c"] if "attempt" in frame]
        assert started == [1, 2]
        assert bench.last()["content"] == "re: Hi"

    def test_another_content_under_the_same_id_is_a_conflict(self) -> None:
        bench = Bench()
        bench.send(self._FRAME)
        bench.send({**self._FRAME, "content": "Ho"})
        assert bench.last()["code"] == "INVALID_MESSAGE"
        assert bench.last()["details"]["reason"] == "conflict"


class TestControl:
    def test_a_resume_of_a_live_turn_listens_and_wakes(self) -> None:
        bench = Bench()
        bench.send({"content": "Hi"})
        bench.connect("d")
        frame = {"action": "resume", "message_id": bench.turn().reply_id, "after_index": 3, "attempt": 1}
        bench.send(frame, "d")
        listener = bench.turn().listeners["d"]
        assert (listener.after_index, listener.attempt) == (3, 1)
        assert len(bench.wakeups.woken) == 2
        assert bench.kinds("d") == []

    def test_a_resume_of_a_failed_turn_is_told_the_failure(self) -> None:
        bench = Bench()
        bench.responder.script = _failing
        bench.send({"content": "Hi"})
        bench.work()
        bench.connect("d")
        bench.send({"action": "resume", "message_id": bench.turn().reply_id}, "d")
        assert bench.last("d")["code"] == "AGENT_ERROR"

    def test_a_stop_asks_the_turn_to_stop(self) -> None:
        bench = Bench()
        bench.send({"content": "Hi"})
        bench.send({"action": "stop", "message_id": bench.turn().reply_id})
        assert bench.turn().stop_requested
        bench.work()
        assert bench.last()["metadata"]["stopped"] is True

    def test_a_deleted_chat_is_told(self) -> None:
        bench = Bench()
        bench.send({"content": "Hi"})
        reply_id = bench.turn().reply_id
        bench.conversations.mark_deleted(bench.tenant_id, CHAT, now=bench.clock.now(), token="d")
        for frame in ({"content": "Ho"}, {"action": "stop", "message_id": reply_id}):
            bench.send(frame)
            assert bench.last()["code"] == "CHAT_NOT_FOUND"
        assert bench.store.connection("c") is not None


class TestAdmission:
    def test_a_revoked_key_ends_the_connection(self) -> None:
        bench = Bench()
        bench.administration.revoke_key(bench.tenant_id, bench.issued.key.id)
        bench.clock.advance(60)
        bench.send({"content": "Hi"})
        assert bench.last()["code"] == "INVALID_API_KEY"
        assert bench.management.closed == ["c"]
        assert bench.store.connection("c") is None
        assert list(bench.store.slots(bench.tenant_id)) == []

    def test_what_is_over_the_rate_is_refused_and_the_connection_stays(self) -> None:
        bench = Bench(Limits(messages_per_second=10))
        for _ in range(11):
            bench.send({"action": "ping"})
        assert bench.kinds() == ["pong"] * 10 + ["error"]
        assert (bench.last()["code"], bench.last()["details"]) == ("RATE_LIMITED", {"retry_after": 1})
        bench.clock.advance(1)
        bench.send({"action": "ping"})
        assert bench.last()["event_type"] == "pong"

    def test_connections_are_limited_apart(self) -> None:
        bench = Bench(Limits(messages_per_second=1))
        bench.connect("d")
        for connection_id in ("c", "d"):
            bench.send({"action": "ping"}, connection_id)
            assert bench.kinds(connection_id) == ["pong"]


class TestTrouble:
    @pytest.mark.parametrize("error", [ContendedError("a secret"), RuntimeError("a secret")])
    def test_trouble_is_told_without_its_words(self, error: Exception) -> None:
        bench = Bench()
        bench.faults.fail_before("connection", error)
        bench.send({"action": "ping"})
        assert bench.last()["code"] == "INTERNAL_ERROR"
        assert str(error) not in str(bench.last())
        assert ("error_id" in bench.last().get("details", {})) is isinstance(error, RuntimeError)

    def test_trouble_with_trouble_stays_inside(self) -> None:
        bench = Bench()
        bench.management.gone = {"c"}
        bench.faults.fail_before("disconnect", RuntimeError("no"), nth=1)
        bench.faults.fail_before("disconnect", RuntimeError("no"), nth=2)
        bench.send({"action": "ping"})
        assert bench.call("$disconnect", "c") == {"statusCode": 200}

    def test_a_binary_or_empty_frame_is_an_invalid_message(self) -> None:
        bench = Bench()
        for body in (None, ""):
            assert bench.call("$default", "c", body=body) == {"statusCode": 200}
            assert bench.last()["code"] == "INVALID_MESSAGE"
