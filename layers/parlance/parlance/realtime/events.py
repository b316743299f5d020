"""What the server says of a chat: flat JSON frames, over a WebSocket none larger than the platform takes."""

import json
from collections.abc import Mapping
from typing import Any

from parlance.clock import iso
from parlance.conversations.model import Failure, Message, Turn
from parlance.realtime.messages import Greeting

FRAME_BYTES_MAX = 32 * 1024 - 1


def connection_established(greeting: Greeting, *, now: int) -> bytes:
    return _frame(
        "connection_established",
        now,
        user_id=greeting.user_id,
        chat_id=greeting.chat_id,
        tenant_id=greeting.tenant_id,
        connection_id=greeting.connection_id,
    )


def user_created(user_id: str, *, now: int) -> bytes:
    return _frame("user_created", now, user_id=user_id)


def message_received(
    message: Message, chat_id: str, client_message_id: str | None, *, now: int, bytes_max: int | None = FRAME_BYTES_MAX
) -> bytes:
    fields = {"message_id": message.id, "chat_id": chat_id}
    if client_message_id is not None:
        fields["client_message_id"] = client_message_id
    return _with_content("message_received", now, fields, message.content, bytes_max)


def stream_started(turn: Turn, chat_id: str, *, now: int) -> bytes:
    return _frame(
        "message_stream_started",
        now,
        message_id=turn.reply_id,
        chat_id=chat_id,
        turn_id=turn.id,
        attempt=turn.attempt,
    )


def stream_token(turn: Turn, text: str, index: int, *, now: int) -> bytes:
    return _frame("message_stream_token", now, message_id=turn.reply_id, token=text, index=index)


def stream_ended(reply: Message, chat_id: str, *, now: int, bytes_max: int | None = FRAME_BYTES_MAX) -> bytes:
    fields = {"message_id": reply.id, "chat_id": chat_id, "metadata": dict(reply.metadata)}
    return _with_content("message_stream_ended", now, fields, reply.content, bytes_max)


def turn_failed(turn: Turn, failure: Failure, *, now: int) -> bytes:
    details = {"message_id": turn.reply_id, "turn_id": turn.id}
    return error(failure.code, failure.message, details, now=now)


def pong(*, now: int) -> bytes:
    return _frame("pong", now)


def error(code: str, message: str, details: Mapping[str, object], *, now: int) -> bytes:
    extra = {"details": dict(details)} if details else {}
    return _frame("error", now, code=code, message=message, **extra)


def _with_content(event_type: str, now: int, fields: dict[str, Any], content: str, bytes_max: int | None) -> bytes:
    """A frame with its content, or without where that would make it too large: REST serves it then."""
    whole = _frame(event_type, now, **fields, content=content)
    return whole if bytes_max is None or len(whole) <= bytes_max else _frame(event_type, now, **fields)


def _frame(event_type: str, now: int, **fields: Any) -> bytes:
    event = {"event_type": event_type, "timestamp": iso(now), **fields}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
