"""What the widget dialect answers, as models."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answered(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WidgetReply(_Answered):
    """The whole reply."""

    message: str
    conversationId: str  # noqa: N815 - the dialect's own spelling, here and below
    metadata: dict[str, Any] = Field(description="`sources`, `model`, tokens; `stopped` is true after a stop")


class WidgetTicket(_Answered):
    """Opens `/ws/chat?ticket=` once, within a minute, for this session's conversation."""

    ticket: str
    expiresAt: str  # noqa: N815
    conversationId: str  # noqa: N815


class VisitorConversation(_Answered):
    conversationId: str  # noqa: N815
    title: str
    agentId: str  # noqa: N815
    createdAt: str  # noqa: N815
    lastMessageAt: str | None  # noqa: N815
    messageCount: int  # noqa: N815


class VisitorConversations(_Answered):
    conversations: list[VisitorConversation]


class ShownMessage(_Answered):
    id: str
    role: Literal["user", "assistant"]
    content: str
    createdAt: str  # noqa: N815
    failed: bool = Field(description="Its turn failed, so the agent does not remember it")
    metadata: dict[str, Any]


class WholeConversation(VisitorConversation):
    messages: list[ShownMessage]
    hasMore: bool  # noqa: N815


class WidgetError(_Answered):
    error: str
