"""What stays out of the logs: keys, tickets, and everything that users and agents say."""

import asyncio
import re
import time
from collections.abc import Callable

import pytest

from tests.local.cloud import LocalCloud
from tests.system.client import House, line, refusal
from tests.system.conftest import QUESTION, SENTENCE
from tests.system.logs import assert_unlogged, logged, wait_until_logged, written_to_files

pytestmark = [pytest.mark.system, pytest.mark.anyio]

TEXT = "The launch code of the harbour is 0000-marmalade."


async def test_no_key_ticket_or_text_is_ever_logged(cloud: LocalCloud, build_house: Callable[..., House]) -> None:
    """After traffic that goes well and traffic that goes wrong in every way that logs something."""
    since = int(time.time() * 1000)
    house = build_house(dataset=True)
    broken = build_house(settings={"pace": "fast"}, dataset=True)
    async with house.rest() as rest, broken.rest() as rest_of_broken:
        chat_id, broken_id = await rest.create_chat(TEXT), await rest_of_broken.create_chat()
        await rest.http.post("/api/v1/chats", json={"user_id": [TEXT]})
        await rest.http.post("/api/v1/chats", content=f'{{"user_id": "{TEXT}'.encode())
        await rest.http.get(f"/api/v1/chats/{chat_id}", params={"note": TEXT}, headers={"X-API-Key": f"pk_{TEXT}"})
        ticket = (await rest.call("POST", f"/{chat_id}/tickets"))["ticket"]
        spent = (await rest.call("POST", f"/{chat_id}/tickets"))["ticket"]
        await refusal(house.websocket_url, query={"ticket": spent[:-1]})
        await refusal(house.websocket_url, query={"api_key": house.api_key, "user_id": "bob", "chat_id": chat_id})
        async with line(house.websocket_url, query={"ticket": ticket}) as opened:
            said = await opened.stream(await opened.ask(QUESTION))
            await opened.stream(await opened.ask(TEXT))
            await opened.send(content=TEXT, metadata=TEXT)
            await opened.send_raw(TEXT)
            await opened.events("error", count=2)
        async with broken.line(broken_id) as failing:
            await failing.say(TEXT)
            error = await failing.event("error", code="AGENT_ERROR")
        async with house.line(chat_id, TEXT) as leaving:
            await leaving.send(content=TEXT)
            await leaving.drop()
        await rest.call("DELETE", f"/{chat_id}", 204)

    assert SENTENCE.strip() in said.text
    await wait_until_logged(
        cloud,
        ("model failed", error["details"]["turn_id"]),
        *((f"/{name}Logs", "REPORT") for name in ("ChatsRest", "ChatsWebSocket", "Replies", "Sweeps")),
        since=since,
    )
    written = await asyncio.to_thread(lambda: [*logged(cloud), *written_to_files(cloud)])
    keys = [house.api_key, broken.api_key, cloud.credentials["api_key"]]
    secrets = [*keys, ticket, spent, TEXT, "marmalade", QUESTION, "harbour burn whale oil"]
    secrets += [key.removeprefix("pk_")[:12] for key in keys] + [one.partition(".")[2] for one in (ticket, spent)]
    assert_unlogged(written, secrets)
    for place, text in written:
        assert not re.search(r"\b(pk|tk)_[A-Za-z0-9_-]{16,}", text), place
