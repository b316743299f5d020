"""A reply as the dialect's own NDJSON.

`start`, `token` and `done` or `error`. A second `start`, with its `attempt`, means: clear what you have and start over.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from parlance.conversations.log import Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.model import Message
from parlance.http.streams import json_line
from parlance.widget.errors import words_of
from parlance.widget.sessions import public_turn_id


def lines_of(events: Iterator[TurnEvent], conversation_id: str, *, after_index: int = -1) -> Iterator[bytes]:
    """`after_index` leaves out what the client has: the beginning of the attempt, and the tokens up to that one."""
    attempt = 0
    for event in events:
        match event:
            case Started(turn):
                resumed, attempt = attempt == 0 and after_index >= 0, turn.attempt
                if resumed:
                    continue
                after_index = -1
                start = {"type": "start", "conversationId": conversation_id}
                start["turnId"] = public_turn_id(conversation_id, turn)
                yield json_line(start if attempt <= 1 else {**start, "attempt": attempt})
            case Token(index, text) if index > after_index:
                yield json_line({"type": "token", "token": text, "index": index})
            case Ended(_, reply, _):
                yield json_line({"type": "done", **whole_reply(reply, conversation_id)})
            case TurnFailed(_, failure):
                yield json_line({"type": "error", "error": failure.message})


def whole_reply(reply: Message, conversation_id: str) -> Mapping[str, Any]:
    """`metadata` names the sources of the reply, and says whether it was stopped."""
    return {"message": reply.content, "conversationId": conversation_id, "metadata": dict(reply.metadata)}


def failed_line(error: Exception) -> bytes:
    return json_line({"type": "error", "error": words_of(error)})
