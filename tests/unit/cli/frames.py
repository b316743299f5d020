"""Server frames, as the chat session gets them."""

import json
from typing import Any


def frame(event_type: str, **fields: Any) -> str:
    return json.dumps({"event_type": event_type, "timestamp": "2026-01-01T00:00:00.000Z", **fields})


def message_received(client_message_id: str = "m1") -> str:
    return frame("message_received", message_id="msg_u1", chat_id="c", client_message_id=client_message_id, content="?")


def started(reply_id: str = "r1", attempt: int = 1) -> str:
    return frame("message_stream_started", message_id=reply_id, chat_id="c", turn_id="t1", attempt=attempt)


def token(index: int, text: str, reply_id: str = "r1") -> str:
    return frame("message_stream_token", message_id=reply_id, token=text, index=index)


def ended(content: str | None, reply_id: str = "r1", **metadata: Any) -> str:
    whole = {} if content is None else {"content": content}
    return frame("message_stream_ended", message_id=reply_id, chat_id="c", metadata=metadata, **whole)


def error(code: str, message: str = "No.", **details: Any) -> str:
    return frame("error", code=code, message=message, **({"details": details} if details else {}))
