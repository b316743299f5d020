"""Frames: flat, complete, and never too large."""

import json

from parlance.conversations.model import Failure, Message, Turn, TurnState
from parlance.realtime import events
from parlance.realtime.messages import Greeting

_NOW = 1_750_000_000_123
_TURN = Turn("turn_1", 1, "msg_1", "msg_2", TurnState.GENERATING, _NOW, attempt=2)


def _message(content: str, **metadata: object) -> Message:
    return Message("msg_2", 2, "assistant", content, _NOW, "turn_1", metadata)


def _event(frame: bytes) -> dict[str, object]:
    event: dict[str, object] = json.loads(frame)
    assert event.pop("timestamp") == "2025-06-15T15:06:40.123Z"
    return event


def test_every_event_has_the_contracts_fields() -> None:
    greeting = Greeting(connection_id="c", tenant_id="t", user_id="u", chat_id="ch", first_ever=True)
    assert _event(events.connection_established(greeting, now=_NOW)) == {
        "event_type": "connection_established", "user_id": "u", "chat_id": "ch", "tenant_id": "t", "connection_id": "c",
    }  # fmt: skip
    assert _event(events.user_created("u", now=_NOW)) == {"event_type": "user_created", "user_id": "u"}
    received = {"event_type": "message_received", "message_id": "msg_2", "chat_id": "ch", "content": "Grüße ☕"}
    assert _event(events.message_received(_message("Grüße ☕"), "ch", None, now=_NOW)) == received
    assert _event(events.message_received(_message("Grüße ☕"), "ch", "c1", now=_NOW)) == {
        **received, "client_message_id": "c1",
    }  # fmt: skip
    assert _event(events.stream_started(_TURN, "ch", now=_NOW)) == {
        "event_type": "message_stream_started", "message_id": "msg_2", "chat_id": "ch", "turn_id": "turn_1",
        "attempt": 2,
    }  # fmt: skip
    assert _event(events.stream_token(_TURN, "Hi", 0, now=_NOW)) == {
        "event_type": "message_stream_token", "message_id": "msg_2", "token": "Hi", "index": 0,
    }  # fmt: skip
    assert _event(events.stream_ended(_message("Hi", model="m"), "ch", now=_NOW)) == {
        "event_type": "message_stream_ended", "message_id": "msg_2", "chat_id": "ch", "content": "Hi",
        "metadata": {"model": "m"},
    }  # fmt: skip
    assert _event(events.pong(now=_NOW)) == {"event_type": "pong"}
    assert _event(events.error("RATE_LIMITED", "Slow.", {"retry_after": 1}, now=_NOW)) == {
        "event_type": "error", "code": "RATE_LIMITED", "message": "Slow.", "details": {"retry_after": 1},
    }  # fmt: skip
    assert "details" not in _event(events.error("X", "x", {}, now=_NOW))


def test_a_failed_turn_says_which_reply_will_not_come() -> None:
    event = _event(events.turn_failed(_TURN, Failure("AGENT_TIMEOUT", "Too slow."), now=_NOW))
    assert (event["event_type"], event["code"]) == ("error", "AGENT_TIMEOUT")
    assert event["details"] == {"message_id": "msg_2", "turn_id": "turn_1"}


def test_content_is_left_out_where_the_frame_would_be_too_large() -> None:
    room = events.FRAME_BYTES_MAX - len(events.stream_ended(_message(""), "ch", now=_NOW))
    fits = events.stream_ended(_message("x" * room), "ch", now=_NOW)
    assert len(fits) == events.FRAME_BYTES_MAX < 32 * 1024
    assert "content" in _event(fits)
    assert "content" not in _event(events.stream_ended(_message("x" * (room + 1)), "ch", now=_NOW))
    assert "content" not in _event(events.message_received(_message("\x01" * 8000), "ch", None, now=_NOW))


def test_the_largest_token_fits() -> None:
    assert len(events.stream_token(_TURN, "\x01" * 1024, 10**9, now=_NOW)) <= events.FRAME_BYTES_MAX
