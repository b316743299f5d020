"""A visitor's session and its conversation.

A session id is a bearer secret of one visitor within one widget key. The conversation's id is a keyed hash of both, so
that nothing needs to be looked up, two first messages at once make one conversation, and the same session under another
key is another conversation. A turn's id names its conversation, and is unguessable for the random part in it.
"""

import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from parlance.conversations.model import Conversation, Turn
from parlance.errors import NotFoundError
from parlance.identity.web_keys import WidgetKey

_PREFIX = "visit_"
_DIGEST_BYTES = 24
_CONVERSATION = rf"{_PREFIX}[0-9a-f]{{{2 * _DIGEST_BYTES}}}"
_TURN = re.compile(rf"({_CONVERSATION})\.(turn_[0-9a-f]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class TurnAddress:
    """What a turn's id says: the conversation it is in, and its own id there."""

    conversation_id: str
    turn_id: str


def conversation_id(key: WidgetKey, session: str) -> str:
    message = json.dumps([key.tenant_id, session]).encode()
    return _PREFIX + hmac.digest(key.id.encode(), message, "sha256")[:_DIGEST_BYTES].hex()


def conversation_of(key: WidgetKey, session: str, *, now: int) -> Conversation:
    """The conversation as its first message creates it. Its user is the visitor, who is nobody else's."""
    identifier = conversation_id(key, session)
    began = datetime.fromtimestamp(now / 1000, UTC)
    return Conversation(
        tenant_id=key.tenant_id,
        id=identifier,
        user_id=identifier,
        agent_id=key.agent_id,
        title=f"{key.name}, {began.day} {began:%B %Y}"[:200],
        created_at=now,
        updated_at=now,
        metadata={"widget_key_id": key.id},
    )


def public_turn_id(conversation: str, turn: Turn) -> str:
    return f"{conversation}.{turn.id}"


def turn_address(text: str) -> TurnAddress:
    """Raises NotFoundError for a text that is no turn's id."""
    match = _TURN.match(text)
    if match is None:
        raise NotFoundError("turn")
    return TurnAddress(match[1], match[2])


def check_conversation_id(text: str) -> None:
    """Raises NotFoundError for a text that is no such id, before anything is asked of storage."""
    if not re.fullmatch(_CONVERSATION, text):
        raise NotFoundError("chat")


def check_key(conversation: Conversation | None, key: WidgetKey) -> Conversation:
    """The conversation, if it began under that key. Raises NotFoundError."""
    if conversation is None or conversation.metadata.get("widget_key_id") != key.id:
        raise NotFoundError("chat")
    return conversation
