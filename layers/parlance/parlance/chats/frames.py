"""What clients say over the WebSocket."""

from dataclasses import dataclass

from parlance.chats.models import NewMessage, Resume, Stop, check_content, read
from parlance.errors import InvalidInputError, MissingParameterError
from parlance.http.requests import parse_object


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


type Frame = NewMessage | Resume | Stop | Ping


def parse_frame(text: str) -> Frame:
    """Raises InvalidInputError, MissingParameterError for a control frame that lacks a field, TooLargeError."""
    sent = parse_object(text, what="The frame")
    if "action" not in sent:
        return _message(sent)
    match sent["action"]:
        case "resume":
            return read(Resume, sent)
        case "stop":
            return read(Stop, sent)
        case "ping":
            return Ping()
    raise InvalidInputError(
        "There is no such action.", details={"parameter": "action", "allowed": ["resume", "stop", "ping"]}
    )


def _message(sent: dict[str, object]) -> NewMessage:
    try:
        message = read(NewMessage, sent)
    except MissingParameterError as error:
        raise InvalidInputError("The frame has no content.", details=error.details) from error
    check_content(message.content)
    return message
