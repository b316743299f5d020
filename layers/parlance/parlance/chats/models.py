"""What clients of the chats dialect send."""

import json
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from parlance.errors import InvalidInputError, MissingParameterError, NotFoundError, TooLargeError

CONTENT_BYTES_MAX = 24 * 1024
TITLE_MAX = 200
USER_ID_MAX = 256
METADATA_BYTES_MAX = 16 * 1024
METADATA_DEPTH_MAX = 20
_CLIENT_MESSAGE_ID_MAX = 128
_AGENT_ID_MAX = 128
_ERRORS_SHOWN = 10
_CHAT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z", re.ASCII)


def _printable(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not hold control characters")
    return text


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if _depth(metadata) > METADATA_DEPTH_MAX:
        raise ValueError(f"must not be nested deeper than {METADATA_DEPTH_MAX}")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > METADATA_BYTES_MAX:
        raise ValueError(f"must not be larger than {METADATA_BYTES_MAX} bytes")
    return metadata


def _depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(_depth, parts), default=0)


type UserId = Annotated[str, Field(min_length=1, max_length=USER_ID_MAX), AfterValidator(_printable)]
type Title = Annotated[str, Field(min_length=1, max_length=TITLE_MAX), AfterValidator(_printable)]
type AgentId = Annotated[str, Field(min_length=1, max_length=_AGENT_ID_MAX), AfterValidator(_printable)]
type ClientMessageId = Annotated[str, Field(min_length=1, max_length=_CLIENT_MESSAGE_ID_MAX)]
type Metadata = Annotated[dict[str, Any], AfterValidator(_small)]


class _Sent(BaseModel):
    """Types are not converted, and fields that we do not know are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class NewChat(_Sent):
    user_id: UserId
    title: Title | None = None
    metadata: Metadata | None = None
    agent_id: AgentId | None = None


class SentMessage(_Sent):
    """A message as every way into a chat takes it."""

    content: str
    metadata: Metadata | None = None


class NewMessage(SentMessage):
    """A message over the WebSocket, where it brings its idempotency key along."""

    client_message_id: ClientMessageId | None = None


class Resume(_Sent):
    """`attempt` is the one that the client has tokens of, where it knows."""

    message_id: str
    after_index: Annotated[int, Field(ge=-1, le=10**9)] = -1
    attempt: Annotated[int, Field(ge=1, le=10**6)] | None = None


class Stop(_Sent):
    message_id: str


class UserPath(_Sent):
    user_id: UserId


def check_content(content: str) -> None:
    """Raises TooLargeError, or InvalidInputError for a message that says nothing."""
    size = len(content.encode())
    if size > CONTENT_BYTES_MAX:
        raise TooLargeError(
            f"The content is larger than {CONTENT_BYTES_MAX} bytes.",
            details={"bytes": size, "max_bytes": CONTENT_BYTES_MAX},
        )
    if not content.strip():
        raise InvalidInputError("The content is empty.", details={"parameter": "content"})


def check_chat_id(chat_id: str) -> None:
    """Raises NotFoundError("chat") for a text that is no id, before anything is asked of storage."""
    if not _CHAT_ID.match(chat_id):
        raise NotFoundError("chat")


def read[Model: BaseModel](model: type[Model], value: dict[str, Any]) -> Model:
    """Check what was sent. Raises MissingParameterError or InvalidInputError, which name the field, not its value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> InvalidInputError:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    missing = [_field(one["loc"]) for one in found if one["type"] == "missing"]
    if missing:
        return MissingParameterError(f"{missing[0]} is required.", details={"parameter": missing[0]})
    problems = [{"parameter": _field(one["loc"]), "problem": one["msg"]} for one in found[:_ERRORS_SHOWN]]
    first = problems[0]
    return InvalidInputError(
        f"{first['parameter']} is not valid: {first['problem']}.",
        details={"parameter": first["parameter"], "problems": problems},
    )


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
