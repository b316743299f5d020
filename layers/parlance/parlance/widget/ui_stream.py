"""A reply as the Vercel AI SDK's UI message stream, version 1, so that `useChat` needs no code of its own.

The chunks are those of `uiMessageChunkSchema` in the npm package `ai`, which passes over fields that it does not know.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from parlance.conversations.log import Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.model import Message, Turn
from parlance.http.streams import json_line, sse_event
from parlance.widget.errors import words_of
from parlance.widget.sessions import public_turn_id

HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_DONE = sse_event(b"[DONE]")


def chunks_of(events: Iterator[TurnEvent], conversation_id: str) -> Iterator[bytes]:
    """The stream. It cannot take back what it has said, so a reply that was begun anew goes on in a part of its own."""
    part: str | None = None
    for event in events:
        match event:
            case Started(turn):
                if part is not None:
                    yield _chunk("text-end", id=part)
                else:
                    yield _chunk("start", messageId=turn.reply_id, messageMetadata=_about(turn, conversation_id))
                part = f"{turn.reply_id}.{turn.attempt}"
                yield _chunk("text-start", id=part)
            case Token(_, text):
                yield _chunk("text-delta", id=part, delta=text)
            case Ended(_, reply, _):
                yield _chunk("text-end", id=part)
                yield from _sources(reply)
                yield _chunk("finish", messageMetadata=dict(reply.metadata))
                yield _DONE
            case TurnFailed(_, failure):
                yield _chunk("error", errorText=failure.message)
                yield _DONE


def failed_chunk(error: Exception) -> bytes:
    return _chunk("error", errorText=words_of(error)) + _DONE


def _about(turn: Turn, conversation_id: str) -> Mapping[str, str]:
    return {"conversationId": conversation_id, "turnId": public_turn_id(conversation_id, turn)}


def _sources(reply: Message) -> Iterator[bytes]:
    """What the reply was drawn from: pages that can be opened, or documents."""
    for number, source in enumerate(_named(reply.metadata.get("sources"))):
        name, title = str(source.get("source") or ""), str(source.get("title") or source.get("source") or "")
        address = str(source.get("uri") or name)
        identifier = str(source.get("record_id") or number)
        if address.startswith(("https://", "http://")):
            yield _chunk("source-url", sourceId=identifier, url=address, title=title)
        else:
            document = {"sourceId": identifier, "mediaType": "text/plain", "title": title, "filename": name}
            yield _chunk("source-document", **document)


def _named(sources: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(sources, list):
        yield from (source for source in sources if isinstance(source, dict))


def _chunk(kind: str, **fields: Any) -> bytes:
    return sse_event(json_line({"type": kind, **fields}))
