"""A page at offset 100,000 reads from the table what the page at offset 0 reads."""

from dataclasses import replace

import pytest

from parlance.clock import SystemClock
from parlance.conversations.model import Conversation, Message
from parlance.conversations.service import Conversations, Order
from parlance.ids import RandomIds
from parlance.storage import items, keys
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.house import QueuedSweeps
from tests.storage.recording import Recorder, Recording

pytestmark = pytest.mark.storage

_DEEP = 100_000
_LIMIT = 50
_ENDS = [*range(1, _LIMIT + 1), *range(_DEEP + 1, _DEEP + _LIMIT + 1)]
"""The numbers that exist: both ends are enough to read pages from, and the counters say that there are all."""


@pytest.fixture(scope="module")
def long_life(table: Table) -> Conversations:
    """A chat of 100,050 messages, and a user of 100,050 chats."""
    clock, ids = SystemClock(), RandomIds()
    total = _DEEP + _LIMIT
    chat = Conversation("acme", "long", "alice", "default", "A long chat", 1, 1)
    long = replace(chat, last_number=total, last_turn=total - 1, drained=total - 1, message_count=total)
    messages = [Message(f"msg_{number:024x}{number}", number, "user", "a message", 1) for number in _ENDS]
    table.batch_write(puts=[items.message_item("acme", "long", message) for message in messages])
    table.batch_write(puts=[items.conversation_item(long)])
    index = [keys.user_chat("acme", "bob", number) for number in _ENDS]
    table.batch_write(
        puts=[
            {"pk": key.pk, "sk": key.sk, "v": 1, "conversation_id": f"chat_{number:07}"}
            for key, number in zip(index, _ENDS, strict=True)
        ]
    )
    table.batch_write(
        puts=[items.conversation_item(replace(chat, id=f"chat_{number:07}", user_id="bob")) for number in _ENDS]
    )
    user = keys.user("acme", "bob")
    counted = {"tenant_id": "acme", "id": "bob", "created_at": 1, "last_chat": total, "chats_floor": 0}
    table.batch_write(puts=[{"pk": user.pk, "sk": user.sk, "v": 1, **counted}])
    return Conversations(DynamoConversationStore(table), DynamoTurnStore(table), QueuedSweeps(), clock=clock, ids=ids)


def cost(recording: Recording) -> tuple[list[str], float]:
    return [call.operation for call in recording.calls], recording.reads


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_of_messages(table: Table, long_life: Conversations, order: Order) -> None:
    recorder = Recorder(table.client)
    with recorder.record() as first:
        shallow = long_life.messages("acme", "long", offset=0, limit=_LIMIT, order=order)
    with recorder.record() as last:
        deep = long_life.messages("acme", "long", offset=_DEEP, limit=_LIMIT, order=order)

    assert len(shallow.messages) == len(deep.messages) == _LIMIT
    assert {message.id for message in shallow.messages}.isdisjoint(message.id for message in deep.messages)
    assert (shallow.has_more, deep.has_more) == (True, False)
    assert cost(last) == cost(first)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_of_a_users_chats(table: Table, long_life: Conversations, order: Order) -> None:
    recorder = Recorder(table.client)
    with recorder.record() as first:
        shallow = long_life.user_chats("acme", "bob", offset=0, limit=_LIMIT, order=order)
    with recorder.record() as last:
        deep = long_life.user_chats("acme", "bob", offset=_DEEP, limit=_LIMIT, order=order)

    assert len(shallow.chats) == len(deep.chats) == _LIMIT
    assert {chat.id for chat in shallow.chats}.isdisjoint(chat.id for chat in deep.chats)
    assert cost(last) == cost(first)


def test_past_the_end_there_is_an_empty_page(long_life: Conversations) -> None:
    page = long_life.messages("acme", "long", offset=10**12, limit=_LIMIT, order="desc")

    assert (page.messages, page.has_more, page.total) == ([], False, _DEEP + _LIMIT)
