"""A conversation from its first word: the demo agent, what is streamed, what is kept, and how a browser gets in."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.local.cloud import LocalCloud
from tests.system.client import House, Stream, error_of, line, number_in, refusal

pytestmark = [pytest.mark.system, pytest.mark.anyio]


@pytest.fixture
def demo(cloud: LocalCloud) -> House:
    """The tenant that every local cloud begins with."""
    found = cloud.credentials
    return House(cloud.base_url, cloud.websocket_url, found["tenant_id"], "", found["api_key"])


async def test_a_newcomer_asks_the_demo_agent_about_parlance(demo: House) -> None:
    newcomer = f"new comer/ä {uuid4()}"
    async with demo.rest() as rest:
        chat_id = await rest.create_chat(newcomer, metadata={"plan": "free"})
        async with demo.line(chat_id, newcomer) as opened:
            greeting = opened.heard[0]
            await opened.event("user_created", user_id=newcomer)
            first = await opened.stream(await opened.ask("Which tables does Parlance keep its data in?"))
            second = await opened.stream(await opened.ask("What does a watchdog message do?"))
        chat = await rest.chat(chat_id)
        messages = await rest.messages(chat_id)
        chats = await rest.call("GET", f"/user/{quote(newcomer, safe='')}")
        async with demo.line(chat_id, newcomer) as again:
            await again.send(action="ping")
            await again.event("pong")

    assert greeting["chat_id"] == chat_id
    assert greeting["user_id"] == newcomer
    assert greeting["tenant_id"] == demo.tenant_id
    assert again.all("user_created") == []
    assert all(event["event_type"] and event["timestamp"].endswith("Z") for event in (*opened.heard, *again.heard))
    for stream, source in ((first, "data-model.md"), (second, "architecture.md")):
        assert source in stream.text
        assert_is_whole(stream)
    assert [message["sender_role"] for message in messages] == ["user", "assistant", "user", "assistant"]
    assert [number_in(message["id"]) for message in messages] == [1, 2, 3, 4]
    assert [messages[1]["content"], messages[3]["content"]] == [first.text, second.text]
    assert [messages[1]["metadata"], messages[3]["metadata"]] == [first.ended["metadata"], second.ended["metadata"]]
    assert chats["chats"] == [chat | {"message_count": 4}]
    assert (chats["total"], chats["offset"], chats["limit"], chats["has_more"]) == (1, 0, 50, False)
    assert chat["config"] == {"metadata": {"plan": "free"}}
    assert chat["last_message_at"] == messages[3]["created_at"]


def assert_is_whole(stream: Stream) -> None:
    """As the contract has a reply: the end repeats the tokens, and names the model and what it used."""
    assert stream.text == stream.ended["content"]
    assert stream.started["attempt"] == 1
    metadata = stream.ended["metadata"]
    assert metadata["model"] == "extractive"
    assert metadata["tokens_used"] == metadata["input_tokens"] + metadata["output_tokens"] > 0
    assert "stopped" not in metadata


async def test_a_page_of_messages_is_what_its_offset_and_order_say(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat()
        async with house.line(chat_id) as opened:
            for word in ("one", "two", "three"):
                await opened.stream(await opened.ask(word))
        whole = await rest.messages(chat_id)
        page = await rest.call("GET", f"/{chat_id}/messages?offset=1&limit=2")
        newest = await rest.call("GET", f"/{chat_id}/messages/?order=desc&limit=4")
        beyond = await rest.call("GET", f"/{chat_id}/messages?offset=100000")

    assert page == {"messages": whole[1:3], "total": 6, "offset": 1, "limit": 2, "has_more": True}
    assert newest["messages"] == whole[:1:-1]
    assert beyond == {"messages": [], "total": 6, "offset": 100_000, "limit": 50, "has_more": False}


async def test_a_chat_created_twice_under_one_key_is_one_chat(house: House) -> None:
    once = {"Idempotency-Key": "create-1"}
    async with house.rest() as rest:
        first = await rest.call("POST", "/", 201, json={"user_id": "ada", "title": "Tea"}, headers=once)
        again = await rest.call("POST", "", 201, json={"title": "Tea", "user_id": "ada"}, headers=once)
        other = await rest.http.post("/api/v1/chats", json={"user_id": "ada", "title": "Coffee"}, headers=once)
        chats = await rest.call("GET", "/user/ada")

    assert again == first
    assert other.status_code == 409
    assert error_of(other)["code"] == "CONFLICT"
    assert [chat["title"] for chat in chats["chats"]] == ["Tea"]


async def test_a_ticket_lets_one_connection_into_its_chat(house: House) -> None:
    async with house.rest() as rest:
        chat_id = await rest.create_chat("ada")
        other_chat = await rest.create_chat("bob")
        issued = await rest.call("POST", f"/{chat_id}/tickets")
        ticket = issued["ticket"]
        assert house.api_key not in ticket
        # What else the query claims counts for nothing beside a ticket.
        claims = {"ticket": ticket, "user_id": "bob", "chat_id": other_chat}
        async with line(house.websocket_url, query=claims) as opened:
            greeting = await opened.event("connection_established")
            await opened.stream(await opened.ask("Whose chat is this?"))
        spent = await refusal(house.websocket_url, query={"ticket": ticket})
        forged = await refusal(house.websocket_url, query={"ticket": f"{ticket[:-4]}AAAA"})
        async with line(house.websocket_url, query=claims | {"ticket": await fresh_ticket(house, chat_id)}) as opened:
            await opened.event("connection_established", chat_id=chat_id)
        messages, others = await rest.messages(chat_id), await rest.messages(other_chat)

    assert (greeting["user_id"], greeting["chat_id"]) == ("ada", chat_id)
    assert spent[0] == forged[0] == 401
    assert messages[0]["content"] == "Whose chat is this?"
    assert others == []


async def fresh_ticket(house: House, chat_id: str) -> str:
    async with house.rest() as rest:
        return str((await rest.call("POST", f"/{chat_id}/tickets"))["ticket"])
