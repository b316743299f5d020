"""Messages of a conversation as documents, and what the types of the platform dialect mean to the core."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from parlance.clock import Clock
from parlance.conversations.model import Conversation, Message, Role
from parlance.conversations.port import ConversationStore, NewMessage, StaleError, TurnStore
from parlance.errors import ConflictError, NotFoundError, UnavailableError
from parlance.ids import IdSource, message_id, number_of
from parlance.pauses import Pauses
from parlance.platform.documents import ChangedError, Document, Position, Slice

_SPOKEN: Mapping[Role, str] = {"user": "user", "assistant": "bot"}
_BY_AGENTS = frozenset({"bot", "reasoning", "activity", "checkpoint"})
_IN_PROFILE = ("name", "description", "entities")
_NO_RANDOM = "0" * 24
_ATTEMPTS = 12


def role_of(type_: str) -> Role:
    """Who speaks in a message of that type, as far as a model is concerned."""
    return "assistant" if type_ in _BY_AGENTS else "user"


def type_of(message: Message) -> str:
    return str(message.profile.get("type") or _SPOKEN[message.role])


def message_profile(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a message keeps beside its text: its type only where the role does not say it."""
    kept = {name: values[name] for name in _IN_PROFILE if values.get(name)}
    type_ = values["type"]
    return kept if type_ == _SPOKEN[role_of(type_)] else {**kept, "type": type_}


class MessageDocuments:
    """`parlance.platform.documents.DocumentStore` over the core's conversations; lists are in the order of numbers."""

    def __init__(self, store: ConversationStore, turns: TurnStore, *, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._turns = turns
        self._clock = clock
        self._ids = ids

    def append(self, tenant_id: str, conversation_id: str, values: Mapping[str, Any]) -> Message:
        """A message that begins no turn. Raises NotFoundError, UnavailableError."""
        new = NewMessage(
            role=role_of(values["type"]),
            content=values.get("text", ""),
            now=self._clock.now(),
            random=self._ids.random(),
            metadata=values.get("meta", {}),
            profile=message_profile(values),
        )
        pauses = Pauses(self._clock)
        conversation = self._store.get(tenant_id, conversation_id)
        for _ in range(_ATTEMPTS):
            if conversation is None:
                raise NotFoundError("conversation", "Not found")
            try:
                return self._store.append(conversation, new, token=self._ids.random())
            except StaleError as error:
                conversation = error.conversation
                pauses.pause()
        raise UnavailableError("The conversation is busy. Send the message again.")

    def create(self, document: Document, *, token: str) -> None:
        raise NotImplementedError("messages are appended: the conversation gives them their ids")

    def get(self, tenant_id: str, parent: str, document_id: str) -> Document | None:
        message = self._message(tenant_id, parent, document_id)
        return _document(tenant_id, parent, message) if message else None

    def slice(self, tenant_id: str, parent: str, *, after: Position | None, newest_first: bool, limit: int) -> Slice:
        conversation = self._store.get(tenant_id, parent)
        if conversation is None:
            return Slice([], None)
        first, last = _range(conversation, after, newest_first=newest_first, limit=limit)
        if first > last:
            return Slice([], None)
        order: Literal["asc", "desc"] = "desc" if newest_first else "asc"
        messages = self._store.messages(tenant_id, parent, first=first, last=last, order=order)
        more = first > 1 if newest_first else last < conversation.newest_message
        # Numbers may be without a message, so it is a number that reading goes on from.
        end = Position(0, message_id(_NO_RANDOM, first if newest_first else last)) if more else None
        return Slice([_document(tenant_id, parent, message) for message in messages], end)

    def replace(self, before: Document, after: Document, *, token: str) -> None:  # noqa: ARG002 - writes the same again
        message = self._current(before)
        changed = replace(
            message,
            role=role_of(after.values["type"]),
            content=after.values.get("text", ""),
            metadata=after.values.get("meta", {}),
            profile=message_profile(after.values),
        )
        if not self._store.change_message(before.tenant_id, before.parent, changed):
            raise ChangedError

    def delete(self, document: Document, *, token: str) -> None:
        message = self._current(document)
        if message.turn_id is not None:
            number = number_of(message.turn_id) or 0
            turn = self._turns.turn(document.tenant_id, document.parent, number)
            if turn is not None and not turn.state.ended:
                raise ConflictError("The message is being answered")
        if not self._store.remove_message(document.tenant_id, document.parent, message, token=token):
            raise ChangedError

    def by_alias(self, tenant_id: str, alias: str) -> str | None:  # noqa: ARG002 - messages have none
        return None

    def _current(self, document: Document) -> Message:
        message = self._message(document.tenant_id, document.parent, document.id)
        if message is None:
            raise ChangedError
        return message

    def _message(self, tenant_id: str, conversation_id: str, identifier: str) -> Message | None:
        number = number_of(identifier)
        message = self._store.message(tenant_id, conversation_id, number) if number else None
        return message if message and message.id == identifier else None


def _range(conversation: Conversation, after: Position | None, *, newest_first: bool, limit: int) -> tuple[int, int]:
    """The numbers of the next slice; the first is above the last when nothing is left."""
    newest = conversation.newest_message
    mark = number_of(after.id) if after else None
    if newest_first:
        last = min(mark - 1, newest) if mark is not None else newest
        return max(last - limit + 1, 1), last
    first = mark + 1 if mark is not None else 1
    return first, min(first + limit - 1, newest)


def _document(tenant_id: str, conversation_id: str, message: Message) -> Document:
    values = {
        **{name: message.profile.get(name) for name in _IN_PROFILE},
        "type": type_of(message),
        "text": message.content,
        "meta": dict(message.metadata) or None,
    }
    return Document(
        tenant_id=tenant_id,
        id=message.id,
        created_at=message.created_at,
        updated_at=message.created_at,
        values={name: value for name, value in values.items() if value is not None},
        parent=conversation_id,
    )
