"""An agent as a model of the OpenAI API: chat completions and the list of models.

The model's name is a bot, by id, `@alias` or name `default`, or one of the configured models. Names and shapes are
those of OpenAI's API reference for `POST /chat/completions` and `GET /models`; errors have its shape, too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from parlance.agents.calls import ReplyEvent
from parlance.agents.definitions import Agent, AgentReader
from parlance.agents.models.base import Completed, TextDelta, ToolCall
from parlance.agents.models.registry import ModelRegistry
from parlance.clock import Clock
from parlance.errors import InvalidInputError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import Stream, json_line, sse_event, sse_stream
from parlance.ids import IdSource
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.errors import Problem, problem_of
from parlance.platform.inline import nobody
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.models import model_of
from parlance.platform.openai_bodies import ChatCompletion, context_of, history_of
from parlance.platform.paths import ROOTS
from parlance.platform.unkept import Asked, Unkept

_LISTED_MAX = 100
_FIELD_AT_FAULT = re.compile(r"([a-z_]+(?:\.\w+)*): ", re.ASCII)
_HAS_FORMS = "openai_compatible"
"""The model whose provider knows what an OpenAI client asks for; its module is not imported for its name alone."""
_REASONS = {"length": "length", "filtered": "content_filter"}


class OpenAiCalls:
    """Chat completions with any agent of the account, and which there are."""

    def __init__(
        self,
        library: Library,
        agents: AgentReader,
        models: ModelRegistry,
        unkept: Unkept,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._bots = library.engine("bot")
        self._agents = agents
        self._models = models
        self._unkept = unkept
        self._clock = clock
        self._ids = ids

    def routes(self) -> list[Route[Caller, Answer | Stream]]:
        completions = [f"{root}/openai/chat/completions" for root in ROOTS] + ["/v1/chat/completions"]
        lists = [f"{root}/openai/models" for root in ROOTS] + ["/v1/models"]
        return [
            *(Route[Caller, Answer | Stream]("POST", path, self.complete) for path in completions),
            *(Route[Caller, Answer | Stream]("GET", path, self.models) for path in lists),
        ]

    def models(self, _: Request, caller: Caller) -> Answer:
        bots = self._bots.page(caller.tenant_id, ListQuery(take=_LISTED_MAX)).documents
        named = [(bot.id, bot.created_at // 1000) for bot in bots] + [(name, 0) for name in self._models.names]
        data = [{"id": name, "object": "model", "created": at, "owned_by": "parlance"} for name, at in named]
        return Answer(200, {"object": "list", "data": data})

    def complete(self, request: Request, caller: Caller) -> Answer | Stream:
        try:
            return self._completed(read(ChatCompletion, body_of(request)), caller)
        except Exception as error:  # noqa: BLE001 - the entry point of calls whose failures have a shape of their own
            problem = problem_of(error)
            return Answer(problem.status, _failure(problem))

    def _completed(self, asked: ChatCompletion, caller: Caller) -> Answer | Stream:
        history, content = history_of(asked.messages)
        agent = self._agent(caller.tenant_id, asked)
        context = context_of(asked)
        if context.must_call and self._models.get(agent.model).retrieves:
            raise InvalidInputError("tool_choice: the agent's model calls no tools")
        user_id = asked.safety_identifier or asked.user or ""
        reply = self._unkept.answer(Asked(agent, history, content, context, user_id))
        if asked.parallel_tool_calls is False:
            reply = _one_call(reply)
        head = {"id": f"chatcmpl-{self._ids.random()}", "created": self._clock.now() // 1000, "model": asked.model}
        if asked.stream:
            with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
            return sse_stream(_chunks(head, reply, with_usage=with_usage), _failed)
        return Answer(200, _whole(head, reply))

    def _agent(self, tenant_id: str, asked: ChatCompletion) -> Agent:
        """Raises InvalidInputError or NotFoundError for a model that is neither."""
        named = model_of(asked.model)
        if named.name in self._models.names:
            agent = replace(nobody(tenant_id), model=named.name, settings=named.settings)
        else:
            agent = self._bot(tenant_id, asked.model)
        if agent.model not in self._models.names:
            raise InvalidInputError("The agent's model is not configured")
        return replace(agent, settings=self._settings(agent, asked))

    def _settings(self, agent: Agent, asked: ChatCompletion) -> Mapping[str, Any]:
        """The agent's settings as the client would have them; what limits an answer may be lowered only.

        Raises InvalidInputError for a form of answer that the model does not have.
        """
        own, wanted = agent.settings, asked.sampling
        if agent.model == _HAS_FORMS:
            more = {"response_format": asked.response_format.model_dump()} if asked.response_format else {}
            seed = {"seed": asked.seed} if asked.seed is not None else {}
            return {**_within(own, wanted), **seed, "extra": {**own.get("extra", {}), **more}}
        if asked.is_in_form:
            raise InvalidInputError("response_format: the agent's model answers in text only")
        return own if self._models.get(agent.model).retrieves else _within(own, wanted)

    def _bot(self, tenant_id: str, reference: str) -> Agent:
        unknown = NotFoundError("model", f"The model `{reference}` does not exist")
        try:
            agent = self._agents.get(tenant_id, self._bots.fetch(tenant_id, reference).id)
        except NotFoundError as error:
            raise unknown from error
        if agent is None:
            raise unknown
        return agent


def _within(settings: Mapping[str, Any], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    own, wanted = settings.get("max_tokens"), asked.get("max_tokens")
    limit = {"max_tokens": min(own, wanted)} if own and wanted else {}
    return {**settings, **asked, **limit}


def _one_call(reply: Iterable[ReplyEvent]) -> Iterator[ReplyEvent]:
    """With the first of the calls that are left to the client, and no other."""
    for event in reply:
        yield replace(event, calls=event.calls[:1]) if isinstance(event, Completed) else event


def _whole(head: Mapping[str, Any], reply: Iterable[ReplyEvent]) -> dict[str, Any]:
    pieces: list[str] = []
    end = Completed(0, 0)
    for event in reply:
        match event:
            case TextDelta(text):
                pieces.append(text)
            case Completed():
                end = event
    text = "".join(pieces)
    message = {
        "role": "assistant",
        "content": text if text or not end.calls else None,
        "refusal": None,
        "annotations": _annotations(end),
        **({"tool_calls": [_call(call) for call in end.calls]} if end.calls else {}),
        **_sources(end),
    }
    choice = {"index": 0, "message": message, "finish_reason": _reason(end), "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(end)}


def _chunks(head: Mapping[str, Any], reply: Iterable[ReplyEvent], *, with_usage: bool) -> Iterator[bytes]:
    """The answer piece by piece. With usage, every chunk has the field and the last one before the end its value."""
    extra: Mapping[str, Any] = {"usage": None} if with_usage else {}

    def chunk(delta: Mapping[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return sse_event(json_line({**head, "object": "chat.completion.chunk", "choices": [choice], **extra}))

    yield chunk({"role": "assistant", "content": ""})
    end = Completed(0, 0)
    for event in reply:
        match event:
            case TextDelta(text):
                yield chunk({"content": text})
            case Completed():
                end = event
    yield from (chunk({"tool_calls": [delta]}) for delta in _call_deltas(end.calls))
    last = {**({"annotations": found} if (found := _annotations(end)) else {}), **_sources(end)}
    if last:
        yield chunk(last)
    yield chunk({}, _reason(end))
    if with_usage:
        yield sse_event(json_line({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(end)}))
    yield sse_event(b"[DONE]")


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_deltas(calls: Sequence[ToolCall]) -> Iterator[dict[str, Any]]:
    """As clients gather them: who is called first, then with what."""
    for index, call in enumerate(calls):
        yield {"index": index, **_call(replace(call, arguments=""))}
        yield {"index": index, "function": {"arguments": call.arguments}}


def _reason(end: Completed) -> str:
    return "tool_calls" if end.calls else _REASONS.get(end.stop, "stop")


def _annotations(end: Completed) -> list[dict[str, Any]]:
    """The sources that have an address, as citations of the whole answer: nobody marked where in it they are used."""
    found: Mapping[str, Mapping[str, Any]] = {one["uri"]: one for one in _cited(end) if one.get("uri")}
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": uri, "title": one["title"] or one["source"], "start_index": 0, "end_index": 0},
        }
        for uri, one in found.items()
    ]


def _sources(end: Completed) -> dict[str, Any]:
    """All sources, in a field of our own: those of most datasets have no address."""
    return {"sources": cited} if (cited := _cited(end)) else {}


def _cited(end: Completed) -> list[dict[str, Any]]:
    found = end.metadata.get("sources")
    return list(found) if isinstance(found, list) else []


def _usage(end: Completed) -> dict[str, int]:
    sent, made = end.input_tokens, end.output_tokens
    return {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}


def _failed(error: Exception) -> bytes:
    return sse_event(json_line(_failure(problem_of(error))))


def _failure(problem: Problem) -> dict[str, Any]:
    at_fault = _FIELD_AT_FAULT.match(problem.message) if problem.status == 400 else None
    kind = "invalid_request_error" if problem.status < 500 else "server_error"
    param = at_fault[1] if at_fault else None
    return {"error": {"message": problem.message, "type": kind, "param": param, "code": problem.code.lower()}}
