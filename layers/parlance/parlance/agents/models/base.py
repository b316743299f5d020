"""What a model is to the rest of the house: a stream of text that can be cancelled."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from parlance.knowledge.datasets import Record

type Stop = Literal["end", "length", "filtered", "calls"]
"""Why an answer ended: said everything, cut at the token limit, cut by a filter, or waiting for tools."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may call. `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool. `arguments` is the JSON text that it wrote: unchecked, perhaps no JSON at all."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call, as the model is told: data, never instructions."""

    call_id: str
    content: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as a model sees it. An assistant's may hold `calls`, the user's after it their `results`."""

    role: Literal["user", "assistant"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything a model answers from. `messages` ends with the user's newest message and is never empty.

    `instructions` are the same from turn to turn, which is what prompt caches live on; `context` follows them and
    is not. `tenant_id` and `dataset_id` say where a retrieving model may look; both are part of the key, never a
    filter. `passages` are
    what a retrieving model may answer from besides. With `must_call` the answer is to be a call of one of the `tools`.
    """

    tenant_id: str
    instructions: str
    messages: Sequence[ChatMessage]
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    context: str = ""
    tools: Sequence[Tool] = ()
    must_call: bool = False
    passages: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of an answer: tokens used, as the provider counts them, and what to keep in the message's metadata.

    Where the provider had no chance to count, as after a stop, the metadata say `usage_estimated`. `input_tokens`
    include those that a prompt cache served. With stop "calls" the model wants the results of `calls` to go on.
    """

    input_tokens: int
    output_tokens: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[ToolCall, ...] = ()
    stop: Stop = "end"


type ModelEvent = TextDelta | Completed


class ModelError(Exception):
    """The model could not answer. The text is for the log, not for the caller: no secret, nothing anybody wrote."""


class ModelThrottledError(ModelError):
    """The provider wants fewer calls. `retry_after` is in seconds, None where it did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelBrokenError(ModelError):
    """The provider or the way to it failed: the same call may succeed."""


class ModelTimeoutError(ModelError):
    """The model did not answer within its time."""


class ModelRefusedError(ModelError):
    """The model or its provider would not answer this."""


class ModelInputTooLongError(ModelError):
    """The conversation does not fit into the model."""


class ModelMisconfiguredError(ModelError):
    """Nothing but another configuration helps: a wrong key, an unknown model, a setting that cannot be."""


class Cancellation:
    """A request to stop a model call, which may sit in a blocking read.

    A model that blocks registers what ends the read (for a socket that is shutdown: close does not wake a reader).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        """Ask for the end; the second time does nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_request(self, callback: Callable[[], None]) -> None:
        """Call back once when the end is asked for; at once if it already was."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the end is asked for; True if it was."""
        return self._event.wait(seconds)


class Model(Protocol):
    """Answers a request with text deltas and, last, one Completed. Raises ModelError.

    After `cancellation` was requested the stream ends soon, with or without a Completed. A model that `retrieves`
    looks into the request's dataset itself; the others are shown what was found there.
    """

    @property
    def name(self) -> str: ...

    @property
    def retrieves(self) -> bool: ...

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]: ...
