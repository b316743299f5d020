"""Models on Amazon Bedrock, over ConverseStream.

Wire facts: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.

boto3 signs the request and reads the events; the connection between is a `Line` of ours, put in through botocore's
`before-send` event. Its own cannot be ended from outside while somebody waits for an answer on it.
"""

import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.eventstream import ParserError as FrameError
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from pydantic import BaseModel, ConfigDict, Field

from parlance.agents.models.base import (
    Cancellation,
    Completed,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRefusedError,
    ModelRequest,
    ModelThrottledError,
    ModelTimeoutError,
    Stop,
    ToolCall,
)
from parlance.agents.models.calling import Backoff, CallSettings, Spoken, estimated, patient_line, retried, settings_of
from parlance.agents.models.converse import converse_input
from parlance.outbound.addresses import Addresses, AnyAddress, target_of
from parlance.outbound.line import Line, pieces

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

NAME = "bedrock"
_BEFORE_SEND = "before-send.bedrock-runtime.ConverseStream"
_line: ContextVar[Line] = ContextVar("_line")

# Which models take cache points: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
_CACHES = re.compile(r"anthropic\.claude-(?:(?:opus|sonnet|haiku)-\d|3-7-sonnet|3-5-haiku)|amazon\.nova-")

_STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "calls",
    "guardrail_intervened": "filtered",
    "content_filtered": "filtered",
}

_ERRORS: dict[str, type[ModelError]] = {
    "ThrottlingException": ModelThrottledError,
    "TooManyRequestsException": ModelThrottledError,
    "ModelNotReadyException": ModelThrottledError,
    "ServiceQuotaExceededException": ModelThrottledError,
    "ModelTimeoutException": ModelTimeoutError,
    "InternalServerException": ModelBrokenError,
    "ServiceUnavailableException": ModelBrokenError,
    "ModelErrorException": ModelBrokenError,
    "ModelStreamErrorException": ModelBrokenError,
}
_TOO_LONG = re.compile(r"too long|too many (?:input )?tokens|context (?:window|length)|maximum.*tokens", re.IGNORECASE)


class Guardrail(BaseModel):
    """A guardrail that reads what goes in and what comes out; `sync` holds text back until it has been read."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(min_length=1, max_length=2048)
    version: str = Field(default="DRAFT", pattern=r"^(DRAFT|[1-9][0-9]{0,7})$")
    mode: Literal["sync", "async"] = "sync"


class BedrockSettings(CallSettings):
    """`cache` says whether the model takes cache points (None: where that is known). `extra` is the model's own."""

    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,32}$")
    guardrail: Guardrail | None = None
    cache: bool | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @property
    def caches(self) -> bool:
        return bool(_CACHES.search(self.model)) if self.cache is None else self.cache


type ClientOf = Callable[[str | None], BedrockRuntimeClient]
"""From a region (None: where we run) to a client that tries once; retrying is ours."""


class BedrockModel:
    """Implements `Model`."""

    def __init__(self, client_of: ClientOf, *, backoff: Backoff | None = None, addresses: Addresses | None = None):
        self._client_of = client_of
        self._backoff = backoff or Backoff()
        self._addresses = addresses or AnyAddress()
        self._lock = Lock()
        self._hooked: dict[str | None, BedrockRuntimeClient] = {}

    @property
    def name(self) -> str:
        return NAME

    @property
    def retrieves(self) -> bool:
        return False

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]:
        settings = settings_of(BedrockSettings, request)
        call = partial(self._call, request, settings, cancellation)
        return retried(call, attempts=settings.attempts, cancellation=cancellation, backoff=self._backoff)

    def _call(
        self, request: ModelRequest, settings: BedrockSettings, cancellation: Cancellation
    ) -> Iterator[ModelEvent]:
        answer = _Answer(settings.model)
        with patient_line(self._addresses, settings, cancellation) as (line, patience):
            try:
                for event in self._events(request, settings, line):
                    patience.expect(settings.between_tokens_seconds)
                    yield from answer.take(event)
                yield answer.completed(request)
            except (OSError, HTTPException, FrameError, ResponseParserError, ModelBrokenError) as error:
                if cancellation.requested:
                    yield estimated(request, answer.text, answer.metadata)
                    return
                if patience.ran_out or isinstance(error, TimeoutError):
                    raise ModelTimeoutError("the model did not answer in time") from error
                raise ModelBrokenError(type(error).__name__) from error
            except ClientError as error:
                raise _explained(error) from error
            except BotoCoreError as error:
                raise ModelMisconfiguredError(type(error).__name__) from error

    def _events(self, request: ModelRequest, settings: BedrockSettings, line: Line) -> Iterator[dict[str, Any]]:
        client = self._client(settings.region)
        token = _line.set(line)
        try:
            answer = client.converse_stream(**converse_input(request, settings))
        finally:
            _line.reset(token)
        yield from answer["stream"]  # type: ignore[misc] # the stubs have a TypedDict of events

    def _client(self, region: str | None) -> "BedrockRuntimeClient":
        with self._lock:
            if region not in self._hooked:
                client = self._client_of(region)
                # The stubs know only handlers that return nothing; this event takes an answer from one that does.
                client.meta.events.register(_BEFORE_SEND, _send, unique_id="parlance-line")  # type: ignore[arg-type]
                self._hooked[region] = client
            return self._hooked[region]


def _send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """Instead of botocore's own sending: the signed request goes over the line of the call that is under way."""
    headers = dict(request.headers.items())
    body = request.body.encode() if isinstance(request.body, str) else request.body
    if not isinstance(body, bytes):
        raise TypeError("a request of Converse is made of bytes")
    heard = _line.get().ask(request.method, target_of(request.url), headers=headers, body=body)
    # botocore's HTTPHeaders are http.client's HTTPMessage under another name.
    return AWSResponse(request.url, heard.status, heard.headers, _Body(heard))  # type: ignore[arg-type]


class _Body:
    """What botocore reads an answer through."""

    def __init__(self, heard: HTTPResponse) -> None:
        self._heard = heard

    def stream(self) -> Iterator[bytes]:
        return pieces(self._heard)

    def close(self) -> None:
        self._heard.close()


class _Answer:
    """Gathers what the events say."""

    def __init__(self, model: str) -> None:
        self._spoken = Spoken()
        self._calls: dict[int, tuple[str, str, list[str]]] = {}
        self._stopped: str | None = None
        self._usage: dict[str, int] | None = None
        self.metadata: dict[str, object] = {"model": model}

    @property
    def text(self) -> str:
        return self._spoken.text

    def take(self, event: dict[str, Any]) -> Iterator[ModelEvent]:
        match event:
            case {"contentBlockDelta": {"delta": {"text": str(text)}}} if text:
                yield self._spoken.say(text)
            case {"contentBlockStart": {"start": {"toolUse": use}, "contentBlockIndex": index}}:
                self._calls[index] = (use["toolUseId"], use["name"], [])
            case {"contentBlockDelta": {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": index}}:
                if index in self._calls:
                    self._calls[index][2].append(piece)
            case {"messageStop": {"stopReason": reason}}:
                self._stopped = reason
            case {"metadata": {"usage": usage}}:
                self._usage = usage

    def completed(self, request: ModelRequest) -> Completed:
        """Raises ModelError where the stream ended without an answer."""
        stop = _STOPS.get(self._stopped or "")
        if stop is None:
            raise ModelBrokenError("the stream ended before the answer did")
        if self._stopped == "model_context_window_exceeded" and not self.text:
            raise ModelInputTooLongError(self._stopped)
        if stop == "filtered" and not self.text:
            raise ModelRefusedError(self._stopped)
        if self._stopped == "guardrail_intervened":
            self.metadata["guardrail"] = "intervened"
        calls = tuple(ToolCall(use_id, name, "".join(parts) or "{}") for use_id, name, parts in self._calls.values())
        if self._usage is None:
            rough = estimated(request, self.text, self.metadata)
            return Completed(rough.input_tokens, rough.output_tokens, rough.metadata, calls, stop)
        return Completed(*self._counted(self._usage), self.metadata, calls, stop)

    def _counted(self, usage: dict[str, int]) -> tuple[int, int]:
        """Bedrock counts what the cache served, and what was put into it, beside the input tokens."""
        read, written = usage.get("cacheReadInputTokens", 0), usage.get("cacheWriteInputTokens", 0)
        if read:
            self.metadata["cached_input_tokens"] = read
        if written:
            self.metadata["cache_write_tokens"] = written
        return usage["inputTokens"] + read + written, usage["outputTokens"]


def _explained(error: ClientError) -> ModelError:
    """By the error's code. In mid-stream it comes in camel case, as the event's name; its text stays untold."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    code = code[:1].upper() + code[1:]
    if code == "ValidationException" and _TOO_LONG.search(str(error)):
        return ModelInputTooLongError(code)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    broken = ModelBrokenError if status >= 500 else ModelMisconfiguredError
    return _ERRORS.get(code, broken)(code)
