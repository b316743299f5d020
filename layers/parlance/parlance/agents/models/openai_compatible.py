"""Any server that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp and many more.

Wire facts: https://platform.openai.com/docs/api-reference/chat/create and .../chat/streaming. Servers differ in what
they leave out, so everything that they may leave out may be missing here.
"""

import http.client
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import Field

from parlance.agents.models.base import (
    Cancellation,
    ChatMessage,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelMisconfiguredError,
    ModelRequest,
    ModelTimeoutError,
)
from parlance.agents.models.calling import Backoff, CallSettings, estimated, patient_line, retried, settings_of
from parlance.agents.models.chat_chunks import Answer, refusal
from parlance.agents.models.server_sent import event_data
from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.outbound.addresses import ForbiddenAddressError, Guard, Target, target_of
from parlance.outbound.line import pieces

NAME = "openai_compatible"
_ERROR_MAX = 64 * 1024
_WHOLE_MAX = 4 * 1024 * 1024
_NEWER_LIMIT_HOST = "api.openai.com"


class OpenAiSettings(CallSettings):
    """`secret` names the API key in the secret store; without one none is sent. `extra` joins the request's body."""

    base_url: str = Field(max_length=2048)
    secret: str | None = None
    seed: int | None = None
    usage_in_stream: bool = True
    extra: dict[str, Any] = Field(default_factory=dict)


class OpenAiCompatibleModel:
    """Implements `Model`. One connection for each call, closed with it."""

    def __init__(self, secrets: Secrets, guard: Guard, *, backoff: Backoff | None = None) -> None:
        self._secrets = secrets
        self._guard = guard
        self._backoff = backoff or Backoff()

    @property
    def name(self) -> str:
        return NAME

    @property
    def retrieves(self) -> bool:
        return False

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        settings = settings_of(OpenAiSettings, request)
        where = target(settings.base_url)
        if settings.secret is not None and where.scheme != "https" and not self._guard.opens(where.host):
            raise ModelMisconfiguredError("a key is only sent over https, but to hosts that the operator has opened")
        headers = self._headers(request.tenant_id, settings)
        body = json.dumps(_body(request, settings, where.host)).encode()
        call = partial(self._call, request, settings, where, headers, body, cancellation)
        return retried(call, attempts=settings.attempts, cancellation=cancellation, backoff=self._backoff)

    def _headers(self, tenant_id: str, settings: OpenAiSettings) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if settings.secret is not None:
            try:
                headers["Authorization"] = f"Bearer {self._secrets.get(tenant_id, settings.secret).strip()}"
            except SecretMissingError as error:
                raise ModelMisconfiguredError(f"there is no secret {settings.secret!r}") from error
        return headers

    def _call(
        self,
        request: ModelRequest,
        settings: OpenAiSettings,
        where: Target,
        headers: Mapping[str, str],
        body: bytes,
        cancellation: Cancellation,
    ) -> Iterator[ModelEvent]:
        answer = Answer(settings.model)
        with patient_line(self._guard, settings, cancellation) as (line, patience):
            try:
                heard = line.ask("POST", where, headers=headers, body=body)
                for event in _events(heard, answer):
                    patience.expect(settings.between_tokens_seconds)
                    yield from event
                yield answer.completed(request)
            except (OSError, http.client.HTTPException, ModelBrokenError) as error:
                if cancellation.requested:
                    yield estimated(request, answer.text, answer.metadata)
                    return
                raise _explained(error, ran_out=patience.ran_out) from error
            except ForbiddenAddressError as error:
                raise ModelMisconfiguredError(str(error)) from error
            except ValueError as error:
                # http.client's word for a header that is none; its text would show the key.
                raise ModelMisconfiguredError("the secret cannot be sent in a header") from error


def _explained(error: Exception, *, ran_out: bool) -> ModelError:
    if ran_out or isinstance(error, TimeoutError):
        return ModelTimeoutError("the server did not answer in time")
    if isinstance(error, ModelBrokenError):
        return error
    return ModelBrokenError(type(error).__name__)


def _events(heard: http.client.HTTPResponse, answer: Answer) -> Iterator[Iterator[ModelEvent]]:
    """What each sign of progress says; a comment that only keeps the connection alive is no progress."""
    if heard.status != 200:
        raise refusal(heard.status, heard.read(_ERROR_MAX), heard.headers.get("Retry-After"))
    if heard.headers.get_content_type() == "application/json":
        # A server that does not know how to stream.
        yield answer.whole(heard.read(_WHOLE_MAX))
        return
    for data in event_data(pieces(heard)):
        if data.strip() == "[DONE]":
            return
        yield answer.chunk(data)


def target(base_url: str) -> Target:
    """Where a server's completions are. Raises ModelMisconfiguredError."""
    try:
        return target_of(f"{base_url.rstrip('/')}/chat/completions")
    except ForbiddenAddressError as error:
        raise ModelMisconfiguredError(f"base_url: {error}") from error


def _body(request: ModelRequest, settings: OpenAiSettings, host: str) -> dict[str, Any]:
    system = "\n\n".join(part for part in (request.instructions, request.context) if part)
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in request.messages:
        messages += _messages(message)
    body: dict[str, Any] = {"model": settings.model, "messages": messages, "stream": True}
    if settings.usage_in_stream:
        body["stream_options"] = {"include_usage": True}
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": tool.name, "description": tool.description,
                                              "parameters": dict(tool.parameters)}}
            for tool in request.tools
        ]  # fmt: skip
        if request.must_call:
            body["tool_choice"] = "required"
    limit = "max_completion_tokens" if host == _NEWER_LIMIT_HOST else "max_tokens"
    optional = {
        limit: settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "stop": settings.stop or None,
        "seed": settings.seed,
    }
    return settings.extra | body | {name: value for name, value in optional.items() if value is not None}


def _messages(message: ChatMessage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": result.call_id, "content": result.content} for result in message.results
    ]
    if message.calls:
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
        found.append({"role": "assistant", "content": message.content or None, "tool_calls": calls})
    elif message.content or not message.results:
        found.append({"role": message.role, "content": message.content})
    return found
