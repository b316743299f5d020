"""A tenant's affairs over the deployed stack: budgets, usage, webhooks, erasure."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from parlance.storage.table import Table
from parlance.usage.budgets import TENANT, Budget, Scope
from parlance_cli import affairs
from parlance_cli.deployment import Deployment
from tests.outbound.raw_server import Behaviour, Peer, serving
from tests.system.client import House
from tests.system.conftest import QUESTION, Tables

pytestmark = [pytest.mark.system, pytest.mark.anyio]


def tenant_call(house: House, method: str, path: str, **sent: Any) -> httpx.Response:
    headers = {"X-API-Key": house.api_key}
    with httpx.Client(base_url=house.base_url, headers=headers, trust_env=False, timeout=60) as client:
        return client.request(method, f"/api/v1/tenant{path}", **sent)


def naming(table: Table, word: str) -> list[str]:
    return [f"{item['pk']} / {item['sk']}" for item in table.scan("") if word in json.dumps(item, default=repr)]


def answering(status: str) -> Behaviour:
    return lambda peer: peer.headers(status, "text/plain", "Content-Length: 0")


async def test_a_budget_that_is_used_up_is_told_over_the_websocket(house: House, deployment: Deployment) -> None:
    affairs.set_budget(deployment, Budget(house.tenant_id, TENANT, "month", tokens=10_000))
    affairs.set_budget(deployment, Budget(house.tenant_id, Scope("user", "poor"), "day", tokens=1))
    async with house.rest() as rest:
        mine, poor = await rest.create_chat(), await rest.create_chat("poor")
        async with house.line(mine) as line, house.line(poor, "poor") as other:
            await line.stream(await line.ask(QUESTION))
            await other.say(QUESTION)
            error = await other.event("error")
    assert error["code"] == "BUDGET_EXCEEDED"
    assert "this user for this day" in error["message"]
    await asyncio.sleep(1)
    budgets = tenant_call(house, "GET", "/budgets").json()["budgets"]
    used = tenant_call(house, "GET", "/usage", params={"by": "user"}).json()
    assert [budget["reserved"]["tokens"] for budget in budgets] == [0, 0]
    tokens = used["total"]["input_tokens"] + used["total"]["output_tokens"]
    assert {budget["scope"]: budget["spent"]["tokens"] for budget in budgets} == {"tenant": tokens, "user": 0}
    assert {line["user"]: line["attempts"] for line in used["usage"]} == {"ada": 1, "poor": 1}


async def test_a_webhook_that_fails_at_first_gets_its_event_again(house: House, deployment: Deployment) -> None:
    with serving(answering("503 Later"), answering("204 No Content")) as receiver:
        created = affairs.create_webhook(deployment, house.tenant_id, f"{receiver.url}/hook", [])
        async with house.rest() as rest:
            chat_id = await rest.create_chat()
            async with house.line(chat_id) as line:
                await line.stream(await line.ask(QUESTION))
        await asyncio.to_thread(wait_for, lambda: len(receiver.peers) == 2 and bool(receiver.peers[1].request))
    first, second = receiver.peers
    assert first.body == second.body
    headers = headers_of(second)
    assert headers_of(first)["webhook-id"] == headers["webhook-id"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + second.body
    key = base64.b64decode(created.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    event = json.loads(second.body)
    assert (event["type"], event["data"]["chat_id"]) == ("turn.done", chat_id)
    assert QUESTION.encode() not in second.request


async def test_a_user_who_is_erased_is_named_nowhere(house: House, deployment: Deployment, tables: Tables) -> None:
    user, text = f"ann-{house.tenant_id}", f"My name is {house.tenant_id}-secret"
    async with house.rest() as rest:
        chats = [await rest.create_chat(user), await rest.create_chat(user, title=text)]
        await rest.call("POST", f"/{chats[0]}/tickets")
        async with house.line(chats[0], user) as line:
            await line.stream(await line.ask(text, client_message_id="m1"))
            assert naming(tables.conversations, user)
            erased = await asyncio.to_thread(
                affairs.erase_user, deployment, house.tenant_id, user, patience_seconds=120
            )
    assert erased.left == []
    assert erased.conversations == 2
    for table in (tables.conversations, tables.identity):
        assert naming(table, user) == naming(table, text) == []
    assert tenant_call(house, "GET", "/usage").json()["total"]["attempts"] == 1


def headers_of(peer: Peer) -> dict[str, str]:
    lines = peer.request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def wait_for(done: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until
        time.sleep(0.2)
