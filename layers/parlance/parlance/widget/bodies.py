"""What pages send: a message in the dialect's own words, or in those of the Vercel AI SDK's chat transport."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from parlance.errors import InvalidInputError

MESSAGE_MAX = 4000
_ID_MAX = 255

type SessionId = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9._:-]{1,128}\z")]
type Text = Annotated[str, StringConstraints(min_length=1, max_length=MESSAGE_MAX)]


@dataclass(frozen=True, slots=True)
class Said:
    """A visitor's message. `key` makes sending it again harmless; `as_ui` when it came in the SDK's words."""

    session: str
    text: str
    key: str | None
    as_ui: bool


class _Sent(BaseModel):
    """Types are not converted, and fields that we do not know are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class VisitorMessage(_Sent):
    session_id: Annotated[SessionId, Field(alias="sessionId")]
    message: Text


class VisitorSession(_Sent):
    session_id: Annotated[SessionId, Field(alias="sessionId")]


class UiPart(_Sent):
    type: str
    text: str | None = None


class UiMessage(_Sent):
    id: Annotated[str, StringConstraints(min_length=1, max_length=_ID_MAX)]
    role: Literal["user", "assistant", "system"]
    parts: list[UiPart]


class UiMessages(_Sent):
    id: SessionId
    messages: list[UiMessage]


def message_in(body: dict[str, Any], *, key: str | None) -> Said:
    """`key` is the Idempotency-Key header; the SDK's messages have an id, which stands in for it.

    Raises InvalidInputError.
    """
    if "messages" in body and "sessionId" not in body:
        return _ui_message(_read(UiMessages, body), key)
    sent = _read(VisitorMessage, body)
    return Said(sent.session_id, _with_words(sent.message), key, as_ui=False)


def session_in(body: dict[str, Any]) -> str:
    """Raises InvalidInputError."""
    return _read(VisitorSession, body).session_id


def checked_session(text: str) -> str:
    """A session's id out of a path or query. Raises InvalidInputError."""
    return session_in({"sessionId": text})


def _ui_message(sent: UiMessages, key: str | None) -> Said:
    newest = next((message for message in reversed(sent.messages) if message.role == "user"), None)
    if newest is None:
        raise InvalidInputError("There is no message of the user's.")
    text = "".join(part.text for part in newest.parts if part.type == "text" and part.text)
    if len(text) > MESSAGE_MAX:
        raise InvalidInputError("The message is too long.")
    return Said(sent.id, _with_words(text), key or newest.id, as_ui=True)


def _with_words(text: str) -> str:
    if not text.strip():
        raise InvalidInputError("The message is empty.")
    return text


def _read[Model: BaseModel](model: type[Model], body: dict[str, Any]) -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise InvalidInputError("The payload is not valid.") from error
