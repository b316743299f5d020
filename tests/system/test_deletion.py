"""A deleted chat is a 404 at once, and soon nothing of it is left in the tables."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from parlance.conversations.model import Message, Turn, TurnState
from parlance.conversations.port import RequestKey
from parlance.storage import items, keys
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from tests.system.client import House, error_of
from tests.system.conftest import QUESTION, Tables

pytestmark = [pytest.mark.system, pytest.mark.anyio]

_TURNS = 2_500
_SWEPT_WITHIN = 90


def fill(table: Table, tenant_id: str, chat_id: str) -> None:
    """Write 5,000 messages with their turns and idempotency records, as that many sends would have left them."""
    stored = DynamoConversationStore(table).get(tenant_id, chat_id)
    assert stored is not None
    puts = []
    for number in range(1, 2 * _TURNS, 2):
        turn = Turn(f"turn_{number}", number, f"msg_{number}", f"msg_{number + 1}", TurnState.DONE, 1, attempt=1)
        key = keys.idempotency(tenant_id, chat_id, f"{number:064x}")
        puts += [
            items.message_item(tenant_id, chat_id, Message(turn.message_id, number, "user", "A question", 1)),
            items.message_item(tenant_id, chat_id, Message(turn.reply_id, number + 1, "assistant", "An answer", 1)),
            items.turn_item(tenant_id, chat_id, turn),
            items.used_key_item(key, RequestKey(f"{number:064x}", "body", 10**13), str(number)),
        ]
    table.batch_write(puts=puts)
    last = 2 * _TURNS - 1
    counted = replace(
        stored, last_number=last + 1, last_turn=last, drained=last, settled=last + 1, message_count=2 * _TURNS
    )
    table.batch_write(puts=[items.conversation_item(counted)])


def traces(table: Table, chat_id: str) -> int:
    """How many items of the table mention the chat."""
    found = 0
    for page in table.client.get_paginator("scan").paginate(TableName=table.name):
        found += sum(chat_id in json.dumps(item, default=str) for item in page["Items"])
    return found


async def left_nothing(tables: Tables, chat_id: str) -> None:
    for _ in range(_SWEPT_WITHIN):
        found = [traces(table, chat_id) for table in (tables.conversations, tables.identity)]
        if found == [0, 0]:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"items left in the tables: {found}")


async def test_a_chat_of_5000_messages_is_gone_with_all_it_had(house: House, tables: Tables) -> None:
    async with house.rest() as rest:
        answer = await rest.http.post(
            "/api/v1/chats", json={"user_id": "ada"}, headers={"Idempotency-Key": "made under a key"}
        )
        chat = answer.json()["id"]
        await asyncio.to_thread(fill, tables.conversations, house.tenant_id, chat)
        assert (await rest.call("GET", f"/{chat}/messages"))["total"] == 2 * _TURNS
        await rest.call("POST", f"/{chat}/tickets")
        async with house.line(chat) as line:
            await rest.call("DELETE", f"/{chat}", 204)
            for path in ("", "/messages", "/turns/turn_1"):
                gone = await rest.http.get(f"/api/v1/chats/{chat}{path}")
                assert (gone.status_code, error_of(gone)["code"]) == (404, "CHAT_NOT_FOUND")
            await line.send(content="Is anybody there?")
            assert (await line.event("error"))["code"] == "CHAT_NOT_FOUND"
        again = await rest.http.delete(f"/api/v1/chats/{chat}")
        nobody = await rest.http.get("/api/v1/chats/user/ada")

    assert (again.status_code, nobody.status_code) == (404, 404)
    await left_nothing(tables, chat)


async def test_a_chat_deleted_while_its_agent_speaks_is_gone_too(
    build_house: Callable[..., House], tables: Tables
) -> None:
    house = build_house(settings={"pace": 0.3}, dataset=True)
    async with house.rest() as rest:
        chat = await rest.create_chat()
        async with house.line(chat) as line:
            await line.say(QUESTION)
            await line.event("message_stream_token", nth=6)
            await rest.call("DELETE", f"/{chat}", 204)

    await left_nothing(tables, chat)
