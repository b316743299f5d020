"""A model's answer as the events of the platform dialect.

The order is `completeBegin`, `token` …, `message`, `abort` …, `completeEnd`, `usage`, `result`, or `error` where it
breaks off. Only types are sent that every client knows: one of them checks each line against a closed list.

An answer that ends with calls of functions whose results nobody here can tell has an `abort` for each of them, and
`functions` in its result. The client tells what came of them in what it sends next.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parlance.agents.calls import Called, Calling, ReplyEvent
from parlance.agents.definitions import Agent
from parlance.agents.models.base import Completed, TextDelta
from parlance.agents.tools.client import ChannelCall
from parlance.conversations.log import Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.model import Message


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stream. The last one is of type `result`, whose data are the JSON answer, or of type `error`."""

    type: str
    data: dict[str, Any]


def turn_events(events: Iterable[TurnEvent], *, ends: bool = True) -> Iterator[Event]:
    """The events of a turn. With `ends` the result says why it ended."""
    for event in events:
        match event:
            case Started():
                yield Event("completeBegin", {})
            case Token(text=text):
                yield Event("token", {"token": text})
            case Calling() | Called():
                yield from _waiting(event)
            case Ended(_, reply, stopped):
                yield from _ended(_of_message(reply, stopped), ends=ends)
            case TurnFailed(turn, failure):
                yield Event("error", {"message": failure.message, "code": failure.code, "id": turn.reply_id})


def reply_events(reply: Iterable[ReplyEvent], agent: Agent) -> Iterator[Event]:
    """The events of an answer that is not kept."""
    yield Event("completeBegin", {})
    pieces: list[str] = []
    end = Completed(0, 0)
    for event in reply:
        match event:
            case TextDelta(text):
                pieces.append(text)
                yield Event("token", {"token": text})
            case Calling() | Called():
                yield from _waiting(event)
            case Completed():
                end = event
    metadata = {"model": agent.model, **end.metadata}
    reason = _reason(metadata, cut_short=end.stop == "length")
    yield from _ended(_End("", "".join(pieces), metadata, end.input_tokens, end.output_tokens, reason))


def result_of(events: Iterable[Event]) -> dict[str, Any]:
    """The data of the result. A failure that was stored with the conversation is a result, too: not to be repeated."""
    gone = Event("error", {"message": "The conversation is gone.", "code": "NOT_FOUND"})
    last = next(iter(deque(events, maxlen=1)), gone)
    if last.type == "result":
        return last.data
    told = {"message": last.data["message"], "code": last.data["code"]}
    return {"id": last.data.get("id", ""), "text": "", "usage": {"token": 0}, "end": {"reason": "error"}, "error": told}


@dataclass(frozen=True, slots=True)
class _End:
    """What came of an answer. `id` is empty where nothing was kept."""

    id: str
    text: str
    metadata: Mapping[str, Any]
    input_tokens: int
    output_tokens: int
    reason: str

    @property
    def functions(self) -> Sequence[Mapping[str, Any]]:
        """The calls that are left to the client."""
        return [
            {"id": call["id"], "name": call["name"], "args": parsed(call["arguments"])}
            for call in self.metadata.get("calls", ())
        ]

    @property
    def meta(self) -> Mapping[str, Any]:
        """What the answer rests on, where the same is kept in the message's `meta`."""
        sources = self.metadata.get("sources")
        return {"meta": {"sources": sources}} if sources else {}


def _of_message(reply: Message, stopped: bool) -> _End:
    known = reply.metadata
    reason = "abort" if stopped else _reason(known, cut_short=bool(known.get("cut_short")))
    return _End(reply.id, reply.content, known, known.get("input_tokens", 0), known.get("output_tokens", 0), reason)


def _ended(end: _End, *, ends: bool = True) -> Iterator[Event]:
    functions = end.functions
    if end.text or not functions:
        yield Event("message", {"type": "bot", "text": end.text, **end.meta})
    for function in functions:
        yield Event("abort", {"reason": "function", "functionName": function["name"], "function": function})
    yield Event("completeEnd", {})
    used = {"inputTokensUsed": end.input_tokens, "outputTokensUsed": end.output_tokens}
    yield Event("usage", {"model": end.metadata.get("model", ""), **used})
    result = {
        **({"id": end.id} if end.id else {}),
        "text": end.text,
        "usage": {"token": end.input_tokens + end.output_tokens},
        **end.meta,
        **({"functions": functions} if functions else {}),
        **({"end": {"reason": end.reason}} if ends else {}),
    }
    yield Event("result", result)


def _waiting(call: Calling | Called) -> Iterator[Event]:
    """What a client must know of a call that it is to answer over a channel; of other calls it is told nothing."""
    if call.channel is None:
        return
    arguments = parsed(call.call.arguments)
    waiting = ChannelCall(call.channel, call.call.name, arguments)
    if isinstance(call, Calling):
        yield waiting_event(waiting)
    else:
        yield waiting_event(replace(waiting, is_over=True, result=call.result if call.outcome == "ok" else None))


def waiting_event(call: ChannelCall) -> Event:
    """That a function waits for its client, or what came of it: as JSON text, as one client takes no other message."""
    told = {"channel": call.channel, "function": {"name": call.name, "args": call.arguments}}
    if not call.is_over:
        return Event("waitForChannelMessageBegin", told)
    return Event("waitForChannelMessageEnd", {**told, "message": call.result})


def parsed(text: str) -> Any:
    """What a model wrote may be no JSON at all."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _reason(metadata: Mapping[str, Any], *, cut_short: bool) -> str:
    if metadata.get("calls"):
        return "abort"
    if metadata.get("tool_limit"):
        return "iteration"
    return "length" if cut_short or metadata.get("stop") == "length" else "stop"
