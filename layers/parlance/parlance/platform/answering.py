"""A model's answer as the events of the platform dialect.

The order is `completeBegin`, `token` …, `message`, `completeEnd`, `usage`, `result`, or `error` where it breaks off.
Only types are sent that every client knows: one of them checks each line against a closed list.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from parlance.agents.answering import Answering
from parlance.agents.calls import Called, Calling
from parlance.agents.context import TurnContext
from parlance.agents.definitions import Agent, AgentReader
from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    Completed,
    ModelError,
    ModelTimeoutError,
    TextDelta,
)
from parlance.conversations.log import Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.model import UNTOLD, Message
from parlance.errors import AgentError, AgentTimeoutError
from parlance.platform.conversations import role_of
from parlance.platform.messages import SpokenMessage

_NOTHING_KNOWN = TurnContext()


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
                yield from _told(reply.content, _usage(reply))
                result = {"id": reply.id, "text": reply.content, "usage": {"token": _tokens(reply)}}
                yield Event("result", {**result, "end": {"reason": _reason(reply, stopped)}} if ends else result)
            case TurnFailed(turn, failure):
                yield Event("error", {"message": failure.message, "code": failure.code, "id": turn.reply_id})


class Treasury(Protocol):
    """Who pays for answers."""

    def refuse_unrecorded(self, tenant_id: str, agent_id: str) -> None:
        """Raises BudgetExceededError where a budget would be charged."""
        ...


class Stateless:
    """Answers from what a request holds; nothing is kept, so no budget can be charged."""

    def __init__(self, answering: Answering, treasury: Treasury) -> None:
        self._answering = answering
        self._treasury = treasury

    def events(
        self, agent: Agent, messages: Sequence[SpokenMessage], context: TurnContext = _NOTHING_KNOWN
    ) -> Iterator[Event]:
        """Raises BudgetExceededError at once, and AgentError before the end when the model fails."""
        self._treasury.refuse_unrecorded(agent.tenant_id, agent.id)
        return self._events(agent, messages, context)

    def _events(self, agent: Agent, messages: Sequence[SpokenMessage], context: TurnContext) -> Iterator[Event]:
        told = [
            ChatMessage(role_of(message.type), message.text)
            for message in messages
            if message.text and message.type not in UNTOLD
        ]
        content = told.pop().content if told and told[-1].role == "user" else ""
        responder = self._answering.responder(OneAgent(agent))
        yield Event("completeBegin", {})
        pieces: list[str] = []
        completed: Completed | None = None
        try:
            for event in responder.respond(
                tenant_id=agent.tenant_id,
                agent_id=agent.id,
                history=told,
                content=content,
                cancellation=Cancellation(),
                context=context,
            ):
                match event:
                    case TextDelta(text):
                        pieces.append(text)
                        yield Event("token", {"token": text})
                    case Calling() | Called():
                        yield from _waiting(event)
                    case Completed():
                        completed = event
        except ModelTimeoutError as error:
            raise AgentTimeoutError("The model did not answer in time.") from error
        except ModelError as error:
            raise AgentError("The model could not answer.") from error
        text = "".join(pieces)
        used = completed or Completed(0, 0)
        yield from _told(text, {"model": used.metadata.get("model", agent.model), **_counts(used)})
        yield Event(
            "result",
            {
                "text": text,
                "usage": {"token": used.input_tokens + used.output_tokens},
                "end": {"reason": "stop"},
            },
        )


@dataclass(frozen=True, slots=True)
class OneAgent:
    """An AgentReader that knows the agent it was made with, whatever it is asked for."""

    agent: Agent

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:  # noqa: ARG002 - there is one
        return self.agent


@dataclass(frozen=True, slots=True)
class Extended:
    """An AgentReader whose agents are told more than they were made with."""

    agents: AgentReader
    backstory: str

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        agent = self.agents.get(tenant_id, agent_id)
        return extended(agent, self.backstory) if agent else None


def extended(agent: Agent, backstory: str | None) -> Agent:
    """An agent with more instructions."""
    if not backstory:
        return agent
    return replace(agent, instructions=f"{agent.instructions}\n\n{backstory}".strip())


def result_of(events: Iterable[Event]) -> dict[str, Any]:
    """The data of the result. A failure that was stored with the conversation is a result, too: not to be repeated."""
    gone = Event("error", {"message": "The conversation is gone.", "code": "NOT_FOUND"})
    last = next(iter(deque(events, maxlen=1)), gone)
    if last.type == "result":
        return last.data
    told = {"message": last.data["message"], "code": last.data["code"]}
    return {"id": last.data.get("id", ""), "text": "", "usage": {"token": 0}, "end": {"reason": "error"}, "error": told}


def _waiting(call: Calling | Called) -> Iterator[Event]:
    """What a client must know of a call that it is to answer over a channel; of other calls it is told nothing."""
    if call.channel is None:
        return
    function = {"name": call.call.name, "args": _parsed(call.call.arguments)}
    told = {"channel": call.channel, "function": function}
    if isinstance(call, Calling):
        yield Event("waitForChannelMessageBegin", told)
    else:
        message = _parsed(call.result) if call.outcome == "ok" else None
        yield Event("waitForChannelMessageEnd", {**told, "message": message})


def _parsed(text: str) -> Any:
    """What a model wrote may be no JSON at all."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _told(text: str, usage: dict[str, Any]) -> Iterator[Event]:
    yield Event("message", {"type": "bot", "text": text})
    yield Event("completeEnd", {})
    yield Event("usage", usage)


def _usage(reply: Message) -> dict[str, Any]:
    known = reply.metadata
    return {
        "model": known.get("model", ""),
        "inputTokensUsed": known.get("input_tokens", 0),
        "outputTokensUsed": known.get("output_tokens", 0),
    }


def _counts(completed: Completed) -> dict[str, int]:
    return {"inputTokensUsed": completed.input_tokens, "outputTokensUsed": completed.output_tokens}


def _tokens(reply: Message) -> int:
    used = reply.metadata.get("tokens_used", 0)
    return used if isinstance(used, int) else 0


def _reason(reply: Message, stopped: bool) -> str:
    if stopped:
        return "abort"
    return "length" if reply.metadata.get("cut_short") else "stop"
