"""What pages and operators are shown, besides replies."""

from typing import Any

from parlance.clock import iso
from parlance.conversations.model import Conversation, Message
from parlance.identity.tickets import Ticket


def ticket(one: Ticket, chat_id: str) -> dict[str, Any]:
    return {"ticket": one.text, "expiresAt": iso(one.expires_at), "conversationId": chat_id}


def conversation(one: Conversation) -> dict[str, Any]:
    """Without the session's id, which is its visitor's secret, and is not stored anyway."""
    return {
        "conversationId": one.id,
        "title": one.title,
        "agentId": one.agent_id,
        "createdAt": iso(one.created_at),
        "lastMessageAt": None if one.last_message_at is None else iso(one.last_message_at),
        "messageCount": one.message_count,
    }


def message(one: Message) -> dict[str, Any]:
    return {
        "id": one.id,
        "role": one.role,
        "content": one.content,
        "createdAt": iso(one.created_at),
        "failed": one.failed,
        "metadata": dict(one.metadata),
    }
