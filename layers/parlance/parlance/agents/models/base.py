"""What a model is to the rest of the house: a stream of text that can be cancelled."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the history as a model sees it."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything a model answers from. `messages` ends with the user's newest message and is never empty.

    `tenant_id` and `dataset_id` say where a retrieving model may look; both are part of the key, never a filter.
    `instructions` are the same from turn to turn; `context` follows them and is not.
    """

    tenant_id: str
    instructions: str
    messages: Sequence[ChatMessage]
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset_id: str | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of an answer: tokens used, as the provider counts them, and what to keep in the message's metadata."""

    input_tokens: int
    output_tokens: int
    metadata: Mapping[str, Any] = field(default_factory=dict)


type ModelEvent = TextDelta | Completed


class ModelError(Exception):
    """The model could not answer. The text is for the log, not for the caller."""


class ModelTimeoutError(ModelError):
    """The model did not answer within its time."""


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

    After `cancellation` was requested the stream ends soon, with or without a Completed.
    """

    @property
    def name(self) -> str: ...

    def stream(self, request: ModelRequest, cancellation: Cancellation) -> Iterator[ModelEvent]: ...
