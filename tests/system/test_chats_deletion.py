"""A deleted chat is gone at once for everybody, and soon from the tables, however much was in it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parlance.conversations.model import Message, Turn, TurnState
from parlance.ids import message_id, turn_id
from parlance.storage import items, keys
from tests.system.client import House, Rest, error_of, refusal
from tests.system.conftest import QUESTION, Tables

if TYPE_CHECKING:
    from parlance.storage.table import Item

pytestmark = [pytest.mark.system, pytest.mark.anyio]

MANY = 5_000
SWEPT_WITHIN = 90.0
"""Seconds. A worker that was answering has its lease of 30 s waited out first."""


def fill(tables: Tables, house: House, chat_id: str) -> str:
    """Write a long conversation as 2,500 ended turns would have left it; the id of its last turn."""
    key = keys.conversation(house.tenant_id, chat_id)
    stored = tables.conversations.get(key)
    assert stored is not None
    chat = items.conversation_from(stored)
    written: list[Item] = []
    turn = ""
    for number in range(1, MANY, 2):
        random = f"{number:024x}"
        turn = turn_id(random, number)
        question = Message(message_id(random, number), number, "user", f"Question {number}", chat.created_at, turn)
        reply = Message(message_id(random, number + 1), number + 1, "assistant", "Yes.", chat.created_at, turn)
        ended = Turn(
            id=turn,
            number=number,
            message_id=question.id,
            reply_id=reply.id,
            state=TurnState.DONE,
            created_at=chat.created_at,
            attempt=1,
            previous=max(0, number - 2),
        )
        written += [
            items.message_item(house.tenant_id, chat_id, question),
            items.message_item(house.tenant_id, chat_id, reply),
            items.turn_item(house.tenant_id, chat_id, ended),
        ]
    tables.conversations.batch_write(puts=written)
    counted = replace(chat, message_count=MANY, last_number=MANY, last_turn=MANY - 1, drained=MANY - 1, settled=MANY)
    tables.conversations.batch_write(puts=[items.conversation_item(counted)])
    return turn


def left_of(tables: Tables, chat_id: str) -> list[str]:
    """The keys of all items, in both tables, that mention the chat.

    The record of what it used may, and the log of events, which has its id for a while.
    """
    found = []
    for table in (tables.conversations, tables.identity):
        for item in table.scan(""):
            allowed = "#Y#" in item["pk"] or "#X#event" in item["pk"] or item["sk"].startswith("usage#")
            if chat_id in str(item) and not allowed:
                found.append(f"{item['pk']} {item['sk']}")
    return found


async def wait_until_swept(tables: Tables, chat_id: str) -> None:
    until = time.monotonic() + SWEPT_WITHIN
    while left := await asyncio.to_thread(left_of, tables, chat_id):
        assert time.monotonic() < until, left[:20]
        await asyncio.sleep(0.5)


async def assert_gone(rest: Rest, house: House, chat_id: str, turn: str) -> None:
    """On every route, whether it reads or writes."""
    for method, path in (
        ("GET", ""),
        ("GET", "/messages"),
        ("GET", f"/turns/{turn}"),
        ("POST", f"/turns/{turn}/stop"),
        ("POST", "/tickets"),
        ("DELETE", ""),
    ):
        answer = await rest.http.request(method, f"/api/v1/chats/{chat_id}{path}")
        assert (answer.status_code, error_of(answer)["code"]) == (404, "CHAT_NOT_FOUND"), (method, path)
    shown = {"api_key": house.api_key, "user_id": "ada", "chat_id": chat_id}
    assert (await refusal(house.websocket_url, query=shown))[0] == 403


async def test_a_chat_of_5000_messages_is_gone_at_once_and_soon_for_good(house: House, tables: Tables) -> None:
    async with house.rest() as rest:
        chat_id, kept_id = await rest.create_chat(title="Long"), await rest.create_chat(title="Kept")
        turn = await asyncio.to_thread(fill, tables, house, chat_id)
        page = await rest.call("GET", f"/{chat_id}/messages?offset=4999")
        assert (page["total"], len(page["messages"])) == (MANY, 1)
        ticket = (await rest.call("POST", f"/{chat_id}/tickets"))["ticket"]
        async with house.line(chat_id) as line, house.line(kept_id) as other:
            await line.stream(await line.ask("One more"))
            await rest.call("DELETE", f"/{chat_id}", 204)
            await assert_gone(rest, house, chat_id, turn)
            assert (await refusal(house.websocket_url, query={"ticket": ticket}))[0] in {401, 403}
            await line.send(content="Still there?")
            assert (await line.event("error"))["code"] == "CHAT_NOT_FOUND"
            await line.send(action="ping")
            await line.event("pong")
            await other.stream(await other.ask("And you?"))
        chats = await rest.call("GET", "/user/ada")
        await wait_until_swept(tables, chat_id)
        assert len(await rest.messages(kept_id)) == 2

    assert [chat["title"] for chat in chats["chats"]] == ["Kept"]
    assert chats["total"] == 1


async def test_a_chat_can_be_deleted_in_the_middle_of_a_reply(
    build_house: Callable[..., House], tables: Tables
) -> None:
    house = build_house(settings={"pace": 0.3}, dataset=True)
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as line:
            await line.ask(QUESTION)
            await line.events("message_stream_token", count=3)
            turn = line.all("message_stream_started")[0]["turn_id"]
            await rest.call("DELETE", f"/{chat_id}", 204)
            await assert_gone(rest, house, chat_id, turn)
            await line.send(content="Still there?")
            assert (await line.event("error"))["code"] == "CHAT_NOT_FOUND"
        await wait_until_swept(tables, chat_id)
        answer = await rest.http.get("/api/v1/chats/user/ada")

    assert line.all("message_stream_ended") == []
    assert error_of(answer)["code"] == "USER_NOT_FOUND"
