"""What every model behind a network shares: patience, retries before the first token, honest counting."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parlance.agents.counting import estimated_tokens
from parlance.agents.models.base import (
    Cancellation,
    Completed,
    ModelBrokenError,
    ModelError,
    ModelEvent,
    ModelInputTooLongError,
    ModelMisconfiguredError,
    ModelRequest,
    ModelThrottledError,
    TextDelta,
)
from parlance.outbound.addresses import Addresses
from parlance.outbound.line import Line
from parlance.outbound.patience import Patience

_PAUSE, _PAUSE_MAX = 0.5, 8.0


class CallSettings(BaseModel):
    """The settings that any called model understands. Unknown ones are refused: a typing error must not pass."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(min_length=1, max_length=2048)
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: list[str] = Field(default_factory=list, max_length=16)
    connect_seconds: float = Field(default=3.0, gt=0, le=30)
    first_token_seconds: float = Field(default=60.0, gt=0, le=600)
    between_tokens_seconds: float = Field(default=30.0, gt=0, le=600)
    attempts: int = Field(default=3, ge=1, le=5)


def settings_of[S: CallSettings](kind: type[S], request: ModelRequest) -> S:
    """Raises ModelMisconfiguredError that names the settings at fault, not what they were set to."""
    try:
        return kind.model_validate(dict(request.settings))
    except ValidationError as error:
        names = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()}))
        raise ModelMisconfiguredError(f"these settings are missing or wrong: {names}") from None


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter, doubling from half a second; `jitter` draws from 0 to 1."""

    jitter: Callable[[], float] = random.random

    def seconds(self, failures: int, error: ModelError) -> float:
        pause = min(_PAUSE * 2.0 ** (failures - 1), _PAUSE_MAX) * self.jitter()
        asked = error.retry_after if isinstance(error, ModelThrottledError) else None
        return pause if asked is None else max(pause, min(asked, _PAUSE_MAX))


def retried(
    call: Callable[[], Iterator[ModelEvent]], *, attempts: int, cancellation: Cancellation, backoff: Backoff
) -> Iterator[ModelEvent]:
    """The stream of the first call that yields anything. Once it has, nothing is called again: it would say it twice.

    Only what may pass is tried again: throttling and breakage. A time-out has cost the user its whole time already.
    """
    for failures in range(1, attempts + 1):
        if cancellation.requested:
            return
        spoken = False
        try:
            for event in call():
                spoken = True
                yield event
        except (ModelThrottledError, ModelBrokenError) as error:
            if spoken or failures == attempts or cancellation.wait(backoff.seconds(failures, error)):
                raise
        else:
            return


@contextmanager
def patient_line(
    addresses: Addresses, settings: CallSettings, cancellation: Cancellation
) -> Iterator[tuple[Line, Patience]]:
    """A line that ends with the cancellation, and when nothing is heard within the time of a first token."""
    line = Line(addresses, connect_seconds=settings.connect_seconds)
    with line, Patience(line.hang_up) as patience:
        cancellation.on_request(line.hang_up)
        patience.expect(settings.connect_seconds + settings.first_token_seconds)
        yield line, patience


def estimated(request: ModelRequest, said: str, metadata: dict[str, object]) -> Completed:
    """The end of an answer that the provider did not get to count."""
    asked = request.instructions + request.context
    for message in request.messages:
        asked += message.content + "".join(result.content for result in message.results)
    return Completed(estimated_tokens(asked), estimated_tokens(said), {**metadata, "usage_estimated": True}, stop="end")


class Spoken:
    """Remembers what a stream said, for counting it if it is cut off."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def say(self, text: str) -> TextDelta:
        self._parts.append(text)
        return TextDelta(text)

    @property
    def text(self) -> str:
        return "".join(self._parts)


def error_of_status(status: int, what: str, *, retry_after: float | None = None) -> ModelError:
    """What an HTTP status says where the body says nothing better."""
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ModelThrottledError(what, retry_after=retry_after)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ModelInputTooLongError(what)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.CONFLICT | HTTPStatus.TOO_EARLY:
            return ModelBrokenError(what)
        case HTTPStatus.SERVICE_UNAVAILABLE if retry_after is not None:
            return ModelThrottledError(what, retry_after=retry_after)
        case _ if status >= 500:
            return ModelBrokenError(what)
    return ModelMisconfiguredError(what)
