"""What the chats dialect answers, as models: for reading, and for holding real answers against."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ChatConfig(_Answered):
    metadata: dict[str, Any]


class Chat(_Answered):
    """One conversation of one user with one agent."""

    id: str
    user_id: str
    tenant_id: str
    title: str
    config: ChatConfig
    created_at: str = Field(description="ISO 8601, UTC")
    updated_at: str
    last_message_at: str | None


class ListedChat(Chat):
    message_count: int


class _Page(_Answered):
    total: int
    offset: int
    limit: int
    has_more: bool


class ChatPage(_Page):
    chats: list[ListedChat]


class Message(_Answered):
    id: str
    content: str
    sender_role: Literal["user", "assistant"]
    media_type: None
    media_url: None
    created_at: str
    metadata: dict[str, Any] = Field(
        description="Of a reply: `model`, `sources`, `input_tokens`, `output_tokens`, `tokens_used`, `stopped`"
    )


class MessagePage(_Page):
    messages: list[Message]


class TurnError(_Answered):
    code: str
    message: str


class Turn(_Answered):
    """A message and the reply to it."""

    id: str
    chat_id: str
    state: Literal["received", "generating", "done", "stopped", "failed"]
    attempt: int = Field(description="Counts how often the reply was begun")
    message_id: str
    reply_id: str
    error: TurnError | None
    created_at: str
    ended_at: str | None


class Ticket(_Answered):
    """Opens `/ws/chat?ticket=` once, within a minute."""

    ticket: str
    expires_at: str


class ErrorBody(_Answered):
    code: str
    message: str
    details: dict[str, Any] = Field(default_factory=dict)


class Error(_Answered):
    error: ErrorBody
