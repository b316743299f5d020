"""How a conversation comes to be: the same operations for an explicit creation and for a session's first message."""

from parlance.conversations.model import Conversation
from parlance.conversations.port import User
from parlance.storage import items, keys
from parlance.storage.listing import CONVERSATIONS, entry
from parlance.storage.table import Operation, Put, Update


def creation(conversation: Conversation, user: User | None) -> list[Operation]:
    """The operations that create `conversation` as the next chat of its user, who is created if new.

    The first stores the conversation, the second counts the user's chats and fails when the count is not as in `user`.
    """
    tenant_id, user_id = conversation.tenant_id, conversation.user_id
    index = keys.user_chat(tenant_id, user_id, conversation.user_chat_number)
    return [
        Put(items.conversation_item(conversation), when="attribute_not_exists(pk)"),
        _count_chat(conversation, user),
        Put({"pk": index.pk, "sk": index.sk, "v": keys.SCHEMA_VERSION, "conversation_id": conversation.id}),
        entry(tenant_id, CONVERSATIONS, conversation.created_at, conversation.id),
    ]


def _count_chat(conversation: Conversation, user: User | None) -> Operation:
    key = keys.user(conversation.tenant_id, conversation.user_id)
    if user is None:
        return Put(
            {
                "pk": key.pk,
                "sk": key.sk,
                "v": keys.SCHEMA_VERSION,
                "tenant_id": conversation.tenant_id,
                "id": conversation.user_id,
                "created_at": conversation.created_at,
                "last_chat": conversation.user_chat_number,
                "chats_floor": 0,
            },
            when="attribute_not_exists(pk)",
        )
    return Update(
        key,
        "SET last_chat = :next",
        when="last_chat = :seen",
        values={"next": conversation.user_chat_number, "seen": user.last_chat},
    )


def next_chat_number(user: User | None) -> int:
    return user.last_chat + 1 if user else 1
