"""An agent as a model of the OpenAI API: chat completions and the list of models.

The model's name is a bot, by id, `@alias` or name `default`, or one of the configured models. Names and shapes are
those of OpenAI's API reference for `POST /chat/completions` and `GET /models`; errors have its shape, too.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parlance.agents.answering import Answering
from parlance.agents.definitions import Agent, AgentReader
from parlance.clock import Clock
from parlance.errors import InvalidInputError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import Stream, json_line, sse_event, sse_stream
from parlance.ids import IdSource
from parlance.platform.answering import Event, Stateless, Treasury, extended
from parlance.platform.bodies import body_of, read
from parlance.platform.callers import Caller
from parlance.platform.errors import problem_of
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.platform.messages import MESSAGES_MAX, SpokenMessage
from parlance.platform.models import model_of
from parlance.platform.paths import ROOTS

_LISTED_MAX = 100
_SPEAKERS = {"user": "user", "assistant": "bot", "tool": "context", "function": "context"}


class _Lenient(BaseModel):
    """Clients send much that only some models know: it is passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class Part(_Lenient):
    type: str
    text: str | None = None


class OpenAiMessage(_Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class StreamOptions(_Lenient):
    include_usage: bool | None = None


class ChatCompletion(_Lenient):
    model: str
    messages: Annotated[list[OpenAiMessage], Field(min_length=1, max_length=MESSAGES_MAX)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: Literal[1] | None = None
    tools: list[dict[str, Any]] | None = None


class OpenAiCalls:
    """Chat completions with any agent of the account, and which there are."""

    def __init__(
        self,
        library: Library,
        agents: AgentReader,
        answering: Answering,
        treasury: Treasury,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._bots = library.engine("bot")
        self._agents = agents
        self._models = answering.models
        self._stateless = Stateless(answering, treasury)
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
            return Answer(problem.status, _failure(problem.message, problem.code))

    def _completed(self, asked: ChatCompletion, caller: Caller) -> Answer | Stream:
        if asked.tools:
            raise InvalidInputError("tools: are not supported")
        events = self._stateless.events(self._agent(caller.tenant_id, asked), _spoken(asked.messages))
        head = {"id": f"chatcmpl-{self._ids.random()}", "created": self._clock.now() // 1000, "model": asked.model}
        if asked.stream:
            with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
            return sse_stream(_chunks(head, events, with_usage=with_usage), _failed)
        return Answer(200, _whole(head, events))

    def _agent(self, tenant_id: str, asked: ChatCompletion) -> Agent:
        """Raises InvalidInputError or NotFoundError for a model that is neither."""
        told = "\n\n".join(one.text for one in asked.messages if one.role in {"system", "developer"})
        named = model_of(asked.model)
        if named.name in self._models.names:
            agent = Agent(tenant_id, "model", "", "", 0, 0, model=named.name, settings=named.settings)
        else:
            agent = self._bot(tenant_id, asked.model)
        if agent.model not in self._models.names:
            raise InvalidInputError("The agent's model is not configured")
        return extended(agent, told)

    def _bot(self, tenant_id: str, reference: str) -> Agent:
        unknown = NotFoundError("model", f"The model `{reference}` does not exist")
        try:
            agent = self._agents.get(tenant_id, self._bots.fetch(tenant_id, reference).id)
        except NotFoundError as error:
            raise unknown from error
        if agent is None:
            raise unknown
        return agent


def _spoken(messages: Sequence[OpenAiMessage]) -> list[SpokenMessage]:
    return [
        SpokenMessage(type=_SPEAKERS[message.role], text=message.text)  # type: ignore[arg-type]
        for message in messages
        if message.role in _SPEAKERS
    ]


def _whole(head: dict[str, Any], events: Iterator[Event]) -> dict[str, Any]:
    found = {event.type: event.data for event in events}
    message = {"role": "assistant", "content": found["result"]["text"], "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(found["usage"])}


def _chunks(head: dict[str, Any], events: Iterator[Event], *, with_usage: bool) -> Iterator[bytes]:
    """The answer piece by piece. With usage, every chunk has the field and the last one before the end its value."""
    extra = {"usage": None} if with_usage else {}
    yield _chunk(head, {"role": "assistant", "content": ""}, None, extra)
    used: dict[str, Any] = {}
    for event in events:
        if event.type == "token":
            yield _chunk(head, {"content": event.data["token"]}, None, extra)
        elif event.type == "usage":
            used = _usage(event.data)
    yield _chunk(head, {}, "stop", extra)
    if with_usage:
        yield sse_event(json_line({**head, "object": "chat.completion.chunk", "choices": [], "usage": used}))
    yield sse_event(b"[DONE]")


def _chunk(head: dict[str, Any], delta: dict[str, Any], reason: str | None, extra: dict[str, Any]) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return sse_event(json_line({**head, "object": "chat.completion.chunk", "choices": [choice], **extra}))


def _usage(used: dict[str, Any]) -> dict[str, int]:
    sent, made = int(used["inputTokensUsed"]), int(used["outputTokensUsed"])
    return {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}


def _failed(error: Exception) -> bytes:
    problem = problem_of(error)
    return sse_event(json_line(_failure(problem.message, problem.code)))


def _failure(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code.lower()}}
