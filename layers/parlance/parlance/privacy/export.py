"""Conversations as lines of JSON: one for the conversation, then one for each of its messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from parlance.clock import iso
from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import ConversationStore
from parlance.errors import InvalidInputError, NotFoundError

type Line = dict[str, Any]

_MESSAGES_A_PAGE = 100
_CHATS_A_PAGE = 50
_PAGE_BYTES_MAX = 3 * 1024 * 1024
_CURSOR_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some lines of an export; `cursor` asks for what follows, None at the end."""

    lines: Sequence[Line]
    cursor: str | None


class Exporter:
    """Exports one conversation or all of a user's. What has expired is left out."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    def conversation(self, tenant_id: str, conversation_id: str) -> Iterator[Line]:
        """Raises NotFoundError("chat") before the first line."""
        conversation = self._store.get(tenant_id, conversation_id)
        if conversation is None:
            raise NotFoundError("chat")
        return self.lines(conversation)

    def user(self, tenant_id: str, user_id: str) -> Iterator[Line]:
        """Oldest conversation first; no line at all for a user without any."""
        offset = 0
        while True:
            page = self._store.user_chats(tenant_id, user_id, offset=offset, limit=_CHATS_A_PAGE, order="asc")
            for conversation in page.chats:
                yield from self.lines(conversation)
            offset += _CHATS_A_PAGE
            if offset >= page.total:
                return

    def lines(self, conversation: Conversation) -> Iterator[Line]:
        yield _conversation_line(conversation)
        for first in range(1, conversation.last_number + 1, _MESSAGES_A_PAGE):
            yield from self._messages(conversation, first)

    def page(self, tenant_id: str, user_id: str, cursor: str | None) -> ExportPage:
        """A bounded part of a user's export. Raises InvalidInputError for a cursor that is none."""
        offset, first = _position(cursor)
        lines: list[Line] = []
        size = 0
        while size < _PAGE_BYTES_MAX and len(lines) < 10 * _MESSAGES_A_PAGE:
            found = self._store.user_chats(tenant_id, user_id, offset=offset, limit=1, order="asc")
            if offset >= found.total:
                return ExportPage(lines, None)
            for conversation in found.chats:
                if first == 1:
                    lines.append(_conversation_line(conversation))
                more = list(self._messages(conversation, first))
                lines += more
                size += sum(len(line["content"].encode(errors="replace")) for line in more)
            ended = all(first + _MESSAGES_A_PAGE > conversation.last_number for conversation in found.chats)
            offset, first = (offset + 1, 1) if ended else (offset, first + _MESSAGES_A_PAGE)
        return ExportPage(lines, f"{offset}.{first}")

    def _messages(self, conversation: Conversation, first: int) -> Iterator[Line]:
        last = first + _MESSAGES_A_PAGE - 1
        for message in self._store.messages(
            conversation.tenant_id, conversation.id, first=first, last=last, order="asc"
        ):
            yield _message_line(conversation, message)


def _position(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return 0, 1
    parts = cursor.split(".")
    plain = all(part.isascii() and part.isdigit() and len(part) <= _CURSOR_DIGITS_MAX for part in parts)
    if len(parts) != 2 or not plain or int(parts[1]) < 1:
        raise InvalidInputError("This is no cursor of an export.", details={"parameter": "cursor"})
    return int(parts[0]), int(parts[1])


def _conversation_line(conversation: Conversation) -> Line:
    return {
        "type": "conversation",
        "id": conversation.id,
        "user_id": conversation.user_id,
        "agent_id": conversation.agent_id,
        "title": conversation.title,
        "metadata": dict(conversation.metadata),
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
    }


def _message_line(conversation: Conversation, message: Message) -> Line:
    return {
        "type": "message",
        "conversation_id": conversation.id,
        "id": message.id,
        "number": message.number,
        "role": message.role,
        "content": message.content,
        "failed": message.failed,
        "metadata": dict(message.metadata),
        "created_at": iso(message.created_at),
    }
