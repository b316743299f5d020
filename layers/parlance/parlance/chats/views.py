"""What clients of the chats dialect are shown over REST."""

from typing import Any

from parlance.clock import iso
from parlance.conversations.model import Conversation, Message, Turn
from parlance.conversations.port import UserChats
from parlance.conversations.service import MessagePage
from parlance.http.pages import Page
from parlance.identity.tickets import Ticket


def chat(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "user_id": conversation.user_id,
        "tenant_id": conversation.tenant_id,
        "title": conversation.title,
        "config": {"metadata": dict(conversation.metadata)},
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
        "last_message_at": _iso_or_none(conversation.last_message_at),
    }


def user_chats(found: UserChats, page: Page) -> dict[str, Any]:
    return {
        "chats": [chat(one) | {"message_count": one.message_count} for one in found.chats],
        "total": found.total,
        "offset": page.offset,
        "limit": page.limit,
        "has_more": page.offset + page.limit < found.total,
    }


def message(one: Message) -> dict[str, Any]:
    return {
        "id": one.id,
        "content": one.content,
        "sender_role": one.role,
        "media_type": None,
        "media_url": None,
        "created_at": iso(one.created_at),
        "metadata": dict(one.metadata),
    }


def messages(found: MessagePage, page: Page) -> dict[str, Any]:
    return {
        "messages": [message(one) for one in found.messages],
        "total": found.total,
        "offset": page.offset,
        "limit": page.limit,
        "has_more": found.has_more,
    }


def turn(one: Turn, chat_id: str) -> dict[str, Any]:
    failure = one.failure
    return {
        "id": one.id,
        "chat_id": chat_id,
        "state": one.state.value,
        "attempt": one.attempt,
        "message_id": one.message_id,
        "reply_id": one.reply_id,
        "error": {"code": failure.code, "message": failure.message} if failure else None,
        "created_at": iso(one.created_at),
        "ended_at": _iso_or_none(one.ended_at),
    }


def ticket(one: Ticket) -> dict[str, Any]:
    return {"ticket": one.text, "expires_at": iso(one.expires_at)}


def _iso_or_none(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)
