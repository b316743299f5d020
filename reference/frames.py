"""What goes over the WebSocket, as models."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    timestamp: str = Field(description="When it was sent: ISO 8601, UTC")


class ConnectionEstablished(_Event):
    """The connection is open. It is told by a worker, so a message sent at once may be received before."""

    event_type: Literal["connection_established"]
    user_id: str
    chat_id: str
    tenant_id: str
    connection_id: str


class UserCreated(_Event):
    """On the user's first connection ever."""

    event_type: Literal["user_created"]
    user_id: str


class MessageReceived(_Event):
    """Your message is stored."""

    event_type: Literal["message_received"]
    message_id: str
    chat_id: str
    client_message_id: str | None = Field(default=None, description="As you sent it")
    content: str | None = Field(default=None, description="Left out of a frame that would be too large")


class MessageStreamStarted(_Event):
    """A reply begins. A second one with a higher attempt means: clear what you have of that reply and start over."""

    event_type: Literal["message_stream_started"]
    message_id: str = Field(description="Of the reply")
    chat_id: str
    turn_id: str
    attempt: int = Field(description="Counts up from 1")


class MessageStreamToken(_Event):
    """A piece of the reply. One frame may carry several tokens of the model."""

    event_type: Literal["message_stream_token"]
    message_id: str
    token: str
    index: int = Field(description="Counts up from 0 without gaps")


class MessageStreamEnded(_Event):
    """The reply is complete and stored."""

    event_type: Literal["message_stream_ended"]
    message_id: str
    chat_id: str
    metadata: dict[str, Any] = Field(description="Model, sources, tokens; `stopped` is true after a stop")
    content: str | None = Field(default=None, description="The whole reply; left out where the frame would pass 32 KB")


class Pong(_Event):
    """The answer to a ping."""

    event_type: Literal["pong"]


class ErrorEvent(_Event):
    """Something went wrong. The connection is kept, unless its key was revoked."""

    event_type: Literal["error"]
    code: Literal[
        "INVALID_API_KEY",
        "CHAT_NOT_FOUND",
        "MISSING_PARAMETER",
        "INVALID_MESSAGE",
        "MESSAGE_TOO_LARGE",
        "RATE_LIMITED",
        "TOO_MANY_CONNECTIONS",
        "AGENT_ERROR",
        "AGENT_TIMEOUT",
        "BUDGET_EXCEEDED",
        "INTERNAL_ERROR",
    ]
    message: str
    details: dict[str, Any] = Field(default_factory=dict, description="`message_id` where it is about a reply")


EVENTS: tuple[type[_Event], ...] = (
    ConnectionEstablished,
    UserCreated,
    MessageReceived,
    MessageStreamStarted,
    MessageStreamToken,
    MessageStreamEnded,
    Pong,
    ErrorEvent,
)
