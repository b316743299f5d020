"""What stands in the queues: small JSON bodies that name what to look at, and hold nothing of a conversation."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class TurnWakeup(_Body):
    """A conversation has work; `turn_number` hints at which turn is next."""

    kind: Literal["turn"] = "turn"
    tenant_id: str
    conversation_id: str
    turn_number: int | None


class Watchdog(_Body):
    """A turn whose id begins with this random part should have ended by now."""

    kind: Literal["watch"] = "watch"
    tenant_id: str
    conversation_id: str
    sent_at: int


class Greeting(_Body):
    """A connection was let in; `first_ever` when its user had never connected before."""

    kind: Literal["greeting"] = "greeting"
    connection_id: str
    tenant_id: str
    user_id: str
    chat_id: str
    first_ever: bool


class Sweep(_Body):
    """A deleted conversation has left items behind."""

    kind: Literal["sweep"] = "sweep"
    tenant_id: str
    conversation_id: str


class UserErasure(_Body):
    """A user is to be removed; `passes` is how many times, this one included."""

    kind: Literal["erasure"] = "erasure"
    tenant_id: str
    user_id: str
    passes: int


class IndexRequest(_Body):
    """A dataset may need a new snapshot of its index; `unreadable` if its present one is of no use."""

    kind: Literal["index"] = "index"
    tenant_id: str
    dataset_id: str
    unreadable: bool = False


class FileReading(_Body):
    """A file is to be read into a dataset, or into all that have it."""

    kind: Literal["reading"] = "reading"
    tenant_id: str
    file_id: str
    dataset_id: str | None


class FileRemoval(_Body):
    """A deleted file may have got content once more."""

    kind: Literal["removal"] = "removal"
    tenant_id: str
    file_id: str


class DueCall(_Body):
    """A document may be due by its schedule, at that time (ms since 1970)."""

    kind: Literal["due"] = "due"
    tenant_id: str
    document_kind: str
    document_id: str
    at: int


class TaskLook(_Body):
    """An execution of a task is under way; `looks` is how often that was looked at."""

    kind: Literal["task"] = "task"
    tenant_id: str
    task_id: str
    execution_id: str
    looks: int


type Wakeup = Annotated[TurnWakeup | Watchdog | Greeting, Field(discriminator="kind")]

_sweep: TypeAdapter[Sweep | UserErasure] = TypeAdapter(Annotated[Sweep | UserErasure, Field(discriminator="kind")])
_wakeup: TypeAdapter[TurnWakeup | Watchdog | Greeting] = TypeAdapter(Wakeup)
_errand: TypeAdapter[FileReading | FileRemoval | DueCall | TaskLook] = TypeAdapter(
    Annotated[FileReading | FileRemoval | DueCall | TaskLook, Field(discriminator="kind")]
)


def parse_wakeup(body: str) -> TurnWakeup | Watchdog | Greeting:
    """Raises ValueError."""
    return _wakeup.validate_json(body)


def parse_errand(body: str) -> FileReading | FileRemoval | DueCall | TaskLook:
    """Raises ValueError."""
    return _errand.validate_json(body)


def parse_sweep(body: str) -> Sweep | UserErasure:
    """Raises ValueError."""
    return _sweep.validate_json(body)


def parse_index_request(body: str) -> IndexRequest:
    """Raises ValueError."""
    return IndexRequest.model_validate_json(body)
