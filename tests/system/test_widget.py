"""Visitors of web pages over real HTTP: streams, a crowd of them, what is resumed and stopped, and the WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from parlance.identity.web_keys import WidgetLimits
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.system.client import PATIENCE, Event, House, line
from tests.system.conftest import QUESTION

pytestmark = [pytest.mark.system, pytest.mark.anyio]

PAGE = "https://shop.example"
WIDE = WidgetLimits(per_minute=1_000_000, address_per_minute=1_000_000)
CROWD = 200
CROWD_SECONDS = 150


@dataclass(frozen=True)
class Page:
    """A web page with a widget key of a tenant."""

    house: House
    key: str
    admin_key: str

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        sent = {"X-API-Key": self.key, "Origin": PAGE} | headers
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=self.house.base_url, headers=sent, trust_env=False, timeout=CROWD_SECONDS, limits=limits
        ) as client:
            yield client


@pytest.fixture(scope="module")
def page_of(deployment: Deployment) -> Callable[[House], Page]:
    def page(house: House) -> Page:
        key = operations.create_widget_key(
            deployment, house.tenant_id, "Shop", agent_id="default", origins=[PAGE], limits=WIDE
        )
        admin = operations.create_admin_key(deployment, house.tenant_id, "support")
        return Page(house, key.secret, admin.secret)

    return page


@pytest.fixture(scope="module")
def slow(build_house: Callable[..., House], page_of: Callable[[House], Page]) -> Page:
    """A page whose agent says three words a second, for half a minute and more."""
    return page_of(build_house(settings={"pace": 0.3}, dataset=True))


@pytest.fixture(scope="module")
def well_read(
    tmp_path_factory: pytest.TempPathFactory,
    deployment: Deployment,
    build_house: Callable[..., House],
    page_of: Callable[[House], Page],
) -> Page:
    """A page whose agent knows something else about each of many lamps, and says it word by word."""
    house = build_house()
    operations.create_dataset(deployment, house.tenant_id, "Lamps", dataset_id="lamps")
    text = "".join(
        f"# Lamp number{n:04d}\n\nThe lamp number{n:04d} is tended by keeper{n:04d}.\n\n" for n in range(CROWD)
    )
    file = tmp_path_factory.mktemp("lamps") / "lamps.md"
    file.write_text(text)
    operations.import_dataset(deployment, house.tenant_id, "lamps", file)
    operations.create_agent(
        deployment, house.tenant_id, "Keeper", agent_id="keeper", dataset_id="lamps", settings={"pace": 0.02}
    )
    page = page_of(house)
    key = operations.create_widget_key(
        deployment, house.tenant_id, "Lamps", agent_id="keeper", origins=[PAGE], limits=WIDE
    )
    return Page(house, key.secret, page.admin_key)


async def events_of(answer: httpx.Response) -> AsyncIterator[Event]:
    assert answer.status_code == 200, await answer.aread()
    async for text in answer.aiter_lines():
        if text:
            yield json.loads(text)


async def until(events: AsyncIterator[Event], kind: str) -> list[Event]:
    heard: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while not heard or heard[-1]["type"] != kind:
            heard.append(await anext(events))
    return heard


async def whole(client: httpx.AsyncClient, session: str, message: str) -> list[Event]:
    sent = {"sessionId": session, "message": message}
    async with client.stream("POST", "/v1/chat/stream", json=sent) as answer:
        return [event async for event in events_of(answer)]


def text_of(events: Sequence[Event]) -> str:
    return "".join(event["token"] for event in events if event["type"] == "token")


async def test_a_dropped_stream_is_resumed_by_index_and_stopped(slow: Page) -> None:
    session = uuid4().hex
    sent = {"sessionId": session, "message": QUESTION}
    async with slow.browser() as client:
        async with client.stream("POST", "/v1/chat/stream", json=sent) as answer:
            assert answer.headers["access-control-allow-origin"] == PAGE
            events = events_of(answer)
            (start,) = await until(events, "start")
            first = await until(events, "token")
        turn, after = start["turnId"], first[-1]["index"]
        async with client.stream("GET", f"/v1/chat/{turn}", params={"after": after, "sessionId": session}) as answer:
            events = events_of(answer)
            resumed = await until(events, "token")
            stopped = await client.post(f"/v1/chat/{turn}/stop", json={"sessionId": session})
            resumed += await until(events, "done")
        again = await client.post(f"/v1/chat/{turn}/stop")
        nothing = await client.get(f"/v1/chat/stream/{session}/stream")

    assert (stopped.status_code, again.status_code, nothing.status_code) == (204, 204, 204)
    tokens = [*first, *(event for event in resumed if event["type"] == "token")]
    assert [token["index"] for token in tokens] == list(range(len(tokens)))
    assert text_of(tokens) == resumed[-1]["message"]
    assert resumed[-1]["metadata"]["stopped"] is True


async def test_a_crowd_is_served_and_nobody_gets_anothers_reply(well_read: Page) -> None:
    async with well_read.browser() as client, asyncio.timeout(CROWD_SECONDS):
        ask = (whole(client, f"crowd-{n}", f"Who tends lamp number{n:04d}?") for n in range(CROWD))
        streams = await asyncio.gather(*ask)

    turns, conversations = set(), set()
    for number, events in enumerate(streams):
        assert [event["type"] for event in events if event["type"] != "token"] == ["start", "done"], events
        tokens = [event for event in events if event["type"] == "token"]
        assert [token["index"] for token in tokens] == list(range(len(tokens)))
        assert text_of(events) == events[-1]["message"]
        assert f"keeper{number:04d}" in events[-1]["message"].split("Sources:")[0], events[-1]
        assert events[0]["conversationId"] == events[-1]["conversationId"]
        turns.add(events[0]["turnId"])
        conversations.add(events[0]["conversationId"])
    assert len(turns) == len(conversations) == CROWD


async def test_operators_read_what_visitors_said(well_read: Page) -> None:
    session = uuid4().hex
    async with well_read.browser() as client:
        events = await whole(client, session, "Who tends lamp number0007?")
        as_admin = {"X-API-Key": well_read.admin_key}
        listed = (await client.get("/v1/admin/conversations", params={"limit": 1}, headers=as_admin)).json()
        found = (await client.get(f"/v1/admin/conversations/{events[0]['conversationId']}", headers=as_admin)).json()
        refused = await client.get("/v1/admin/conversations")
        too_many = await client.get("/v1/admin/conversations?limit=201", headers=as_admin)

    assert [one["conversationId"] for one in listed["conversations"]] == [events[0]["conversationId"]]
    assert [(one["role"], one["content"]) for one in found["messages"]] == [
        ("user", "Who tends lamp number0007?"), ("assistant", events[-1]["message"]),
    ]  # fmt: skip
    assert session not in json.dumps([listed, found])
    assert (refused.status_code, too_many.status_code) == (401, 400)


async def test_a_page_elsewhere_is_told_that_and_gets_nothing(slow: Page) -> None:
    async with slow.browser(Origin="https://evil.example") as client:
        for path in ("/v1/chat", "/v1/chat/stream", "/v1/chat/ticket"):
            answer = await client.post(path, json={"sessionId": "s", "message": "Hello?"})
            assert (answer.status_code, answer.json()) == (403, {"error": "Origin not allowed"})
            assert answer.headers["access-control-allow-origin"] == "https://evil.example"
            assert "access-control-allow-credentials" not in answer.headers
    async with slow.browser(**{"X-API-Key": slow.house.api_key}) as client:
        assert (await client.post("/v1/chat", json={"sessionId": "s", "message": "Hello?"})).status_code == 401


@pytest.mark.parametrize(
    "path", ["/v1/chat", "/v1/chat/stream", "/v1/chat/ticket", "/v1/chat/x.y", "/v1/chat/x.y/stop"]
)
async def test_browsers_may_ask_beforehand(slow: Page, path: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
    async with slow.browser(**asked) as client:
        answer = await client.options(path)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-headers"] == "content-type,x-api-key"


async def test_a_ticket_opens_the_websocket_for_its_session(page_of: Callable[[House], Page], house: House) -> None:
    page, session = page_of(house), uuid4().hex
    async with page.browser() as client:
        first = await client.post("/v1/chat/ticket", json={"sessionId": session})
        ticket: dict[str, Any] = first.json()
        async with line(house.websocket_url, query={"ticket": ticket["ticket"]}) as opened:
            greeting = await opened.event("connection_established")
            stream = await opened.stream(await opened.ask("Hello?"))
        events = await whole(client, session, "And over HTTP?")
        as_admin = {"X-API-Key": page.admin_key}
        path = f"/v1/admin/conversations/{ticket['conversationId']}"
        found = (await client.get(path, headers=as_admin)).json()

    assert greeting["chat_id"] == ticket["conversationId"] == events[0]["conversationId"]
    said = [one["content"] for one in found["messages"]]
    assert said == ["Hello?", stream.text, "And over HTTP?", events[-1]["message"]]
