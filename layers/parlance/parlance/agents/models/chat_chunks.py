"""The answer inside a chat completion, chunk by chunk or whole, and the errors that stand in its place."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parlance.agents.models.base import (
    Completed,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRefusedError,
    ModelRequest,
    ModelThrottledError,
    Stop,
    ToolCall,
)
from parlance.agents.models.calling import Spoken, error_of_status, estimated

_STOPS: Mapping[str, Stop] = {
    "stop": "end",
    "length": "length",
    "content_filter": "filtered",
    "tool_calls": "calls",
    "function_call": "calls",
}
_TOO_LONG = ("context_length", "context length", "maximum context", "context window", "exceed_context_size")
_CODE_MAX = 80
_CALLS_MAX = 32
_ARGUMENTS_MAX = 256 * 1024


@dataclass(slots=True)
class _Call:
    """A call as far as it has come."""

    id: str
    name: str = ""
    arguments: str = ""


class Answer:
    """Gathers what the chunks say."""

    def __init__(self, model: str) -> None:
        self._spoken = Spoken()
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}
        self._stop: Stop | None = None
        self._usage: Mapping[str, Any] | None = None
        self.metadata: dict[str, object] = {"model": model}

    @property
    def text(self) -> str:
        return self._spoken.text

    def chunk(self, data: str) -> Iterator[ModelEvent]:
        """What one chunk says. Raises ModelError for an error in its place and for what is no chunk."""
        chunk = _object(data)
        choices = _choices(chunk)
        if choices:
            yield from self._take(_mapping(choices[0].get("delta")), choices[0].get("finish_reason"))
        if isinstance(chunk.get("usage"), dict):
            self._usage = chunk["usage"]

    def whole(self, body: bytes) -> Iterator[ModelEvent]:
        """What an answer says that came in one piece."""
        found = _object(body)
        choices = _choices(found)
        if not choices:
            raise ModelBrokenError("an answer without a choice")
        yield from self._take(_mapping(choices[0].get("message")), choices[0].get("finish_reason") or "stop")
        if isinstance(found.get("usage"), dict):
            self._usage = found["usage"]

    def completed(self, request: ModelRequest) -> Completed:
        """The end. Raises ModelBrokenError where the stream ended before the answer did."""
        if self._stop is None:
            raise ModelBrokenError("the stream ended before the answer did")
        if self._stop == "filtered" and not self.text:
            raise ModelRefusedError("the provider's filter let nothing through")
        calls = tuple(ToolCall(one.id, one.name, one.arguments) for one in self._calls if one.name)
        # Some servers end an answer that calls tools with "stop".
        stop: Stop = "calls" if calls and self._stop == "end" else self._stop
        counted = self._counted()
        if counted is None:
            rough = estimated(request, self.text + "".join(call.arguments for call in calls), self.metadata)
            return Completed(rough.input_tokens, rough.output_tokens, rough.metadata, calls, stop)
        return Completed(*counted, self.metadata, calls, stop)

    def _take(self, said: Mapping[str, Any], finish: object) -> Iterator[ModelEvent]:
        for name in ("content", "refusal"):
            text = said.get(name)
            if isinstance(text, str) and text:
                if name == "refusal":
                    self._stop = "filtered"
                yield self._spoken.say(text)
        parts = said.get("tool_calls")
        for place, part in enumerate(parts if isinstance(parts, list) else ()):
            self._take_call(_mapping(part), place)
        if isinstance(finish, str) and self._stop is None:
            self._stop = _STOPS.get(finish, "end")

    def _take_call(self, part: Mapping[str, Any], place: int) -> None:
        """A call comes in pieces of its arguments; some servers number no pieces, or give each call number 0."""
        numbered, given = part.get("index"), str(part.get("id") or "")
        index = numbered if isinstance(numbered, int) else place
        call = self._at.get(index)
        if call is None or (given and given != call.id and call.name):
            if len(self._calls) == _CALLS_MAX:
                raise ModelBrokenError("more calls than anybody can mean")
            call = self._at[index] = _Call(given or f"call_{len(self._calls)}")
            self._calls.append(call)
        function = _mapping(part.get("function"))
        call.name = call.name or str(function.get("name") or "")
        arguments = function.get("arguments") or ""
        # Ollama's own form gives an object here.
        call.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments)
        if len(call.arguments) > _ARGUMENTS_MAX:
            raise ModelBrokenError("the arguments of a call have no end")

    def _counted(self) -> tuple[int, int] | None:
        usage = self._usage or {}
        asked, said = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if not isinstance(asked, int) or not isinstance(said, int):
            return None
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        if isinstance(cached, int) and cached:
            self.metadata["cached_input_tokens"] = cached
        return asked, said


def refusal(status: int, body: bytes, retry_after: str | None) -> ModelError:
    """The error that an HTTP answer other than 200 stands for. Only its code is told: its text may quote anybody."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    told = told.get("error", told) if isinstance(told, dict) else None
    seconds = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
    return _error(told, status, seconds)


def _error(told: object, status: int, retry_after: float | None = None) -> ModelError:
    code, text = "", told if isinstance(told, str) else ""
    if isinstance(told, dict):
        code = str(told.get("code") or told.get("type") or "")[:_CODE_MAX]
        text = f"{code} {told.get('type')} {told.get('message')}"
    what = f"status {status}{' ' + code if code.isascii() and code.isprintable() and code else ''}"
    if status in {400, 413, 422, 500} and any(sign in text.lower() for sign in _TOO_LONG):
        return ModelInputTooLongError(what)
    if "content_filter" in text or "content_policy" in text:
        return ModelRefusedError(what)
    if "insufficient_quota" in text:
        # The account has no credit left; waiting a little does not help.
        return ModelMisconfiguredError(what)
    if "rate_limit" in text:
        return ModelThrottledError(what, retry_after=retry_after)
    return error_of_status(status, what, retry_after=retry_after)


def _object(data: str | bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelBrokenError("not JSON") from error
    if not isinstance(found, dict):
        raise ModelBrokenError("not an object")
    if found.get("error"):
        # An error in the middle of a stream has no status of its own.
        raise _error(found["error"], 500)
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _choices(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = found.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
        raise ModelBrokenError("choices that are none")
    return choices
