"""A client of the chats over real HTTP and WebSocket. It remembers all that it hears."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from parlance.ids import number_of

type Event = dict[str, Any]
type Json = dict[str, Any]

PATIENCE = 30.0
"""Seconds to wait for what should come at once: the machine may be busy."""


class Rest:
    """The REST API, called with one key."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        headers = {"X-API-Key": api_key} if api_key else {}
        self.http = httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=60)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        """What a call answers that must have this status."""
        answer = await self.http.request(method, f"/api/v1/chats{path}", **arguments)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def create_chat(self, user_id: str = "ada", **fields: Any) -> str:
        """The id of a new chat."""
        chat: Json = await self.call("POST", "/", 201, json={"user_id": user_id, **fields})
        return str(chat["id"])

    async def chat(self, chat_id: str) -> Json:
        found: Json = await self.call("GET", f"/{chat_id}")
        return found

    async def messages(self, chat_id: str) -> list[Json]:
        """All of them, page by page."""
        found: list[Json] = []
        while True:
            page = await self.call("GET", f"/{chat_id}/messages", params={"offset": len(found), "limit": 100})
            found += page["messages"]
            if not page["has_more"]:
                assert page["total"] == len(found)
                return found

    async def turn(self, chat_id: str, turn_id: str) -> Json:
        found: Json = await self.call("GET", f"/{chat_id}/turns/{turn_id}")
        return found


def number_in(message_id: str) -> int:
    """A message's place in its conversation, in which its id ends."""
    number = number_of(message_id)
    assert number is not None, message_id
    return number


def error_of(answer: httpx.Response) -> Json:
    """The error in an answer, which must have the contract's shape."""
    assert answer.headers["content-type"] == "application/json", (answer.headers, answer.text)
    body = answer.json()
    error: Json = body["error"]
    # What the gateway says itself repeats code and message at the top, for the clients of the platform dialect.
    assert body in ({"error": error}, {"error": error, "code": error["code"], "message": error["message"]}), body
    assert {"code", "message"} <= set(error) <= {"code", "message", "details"}, error
    assert error["code"].replace("_", "").isupper(), error
    assert isinstance(error["message"], str), error
    assert error["message"], error
    return error


@dataclass(frozen=True)
class Stream:
    """One reply as a connection heard it; `tokens` are those of the last attempt."""

    started: Event
    tokens: list[Event]
    ended: Event

    @property
    def text(self) -> str:
        return "".join(token["token"] for token in self.tokens)


class Line:
    """One open connection. Waiting for an event looks at those that came before, too."""

    def __init__(self, socket: ClientConnection) -> None:
        self.heard: list[Event] = []
        self._socket = socket
        self._changed = asyncio.Condition()
        self._over = False
        self._reading = asyncio.create_task(self._read())

    async def send(self, **frame: Any) -> None:
        await self.send_raw(json.dumps(frame))

    async def send_raw(self, frame: str | bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._socket.send(frame)

    async def say(self, content: str, client_message_id: str | None = None) -> Event:
        """Send a message and wait for its receipt."""
        count = len(self.all("message_received", content=content)) + 1
        frame = {"content": content}
        if client_message_id is not None:
            frame["client_message_id"] = client_message_id
        await self.send(**frame)
        return await self.event("message_received", nth=count, content=content)

    def all(self, kind: str, **fields: Any) -> list[Event]:
        """The events of that kind with those fields that have come so far."""
        wanted = {"event_type": kind, **fields}
        return [event for event in self.heard if all(event.get(name) == value for name, value in wanted.items())]

    async def event(self, kind: str, *, nth: int = 1, seconds: float = PATIENCE, **fields: Any) -> Event:
        """The nth event of that kind with those fields, once it has come."""
        return (await self.events(kind, count=nth, seconds=seconds, **fields))[nth - 1]

    async def events(self, kind: str, *, count: int, seconds: float = PATIENCE, **fields: Any) -> list[Event]:
        """At least so many events of that kind with those fields."""
        await self.until(lambda: len(self.all(kind, **fields)) >= count, f"{count} {kind} {fields}", seconds)
        return self.all(kind, **fields)

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait until something holds, which is looked at after each event."""
        if not await self.within(seconds, holds):
            state = f"closed with {self._socket.close_code}" if self._over else "open"
            raise AssertionError(f"not in {seconds} s: {what}; {state}; heard {self.heard[-20:]}")

    @property
    def over(self) -> bool:
        """Whether the connection has ended."""
        return self._over

    async def within(self, seconds: float, holds: Callable[[], bool]) -> bool:
        """Whether something holds within that time, or when the connection ends."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: holds() or self._over)
        except TimeoutError:
            return False
        return holds()

    async def ask(self, content: str, client_message_id: str | None = None) -> str:
        """Send a message and wait for its receipt and for the start of its reply, whose id is returned."""
        receipt = await self.say(content, client_message_id)
        reply_number = number_in(receipt["message_id"]) + 1

        def started() -> list[str]:
            replies = [event["message_id"] for event in self.all("message_stream_started")]
            return [reply for reply in replies if number_in(reply) == reply_number]

        await self.until(lambda: bool(started()), f"the reply to {receipt['message_id']}")
        return started()[0]

    async def stream(self, reply_id: str, seconds: float = PATIENCE) -> Stream:
        """A reply from its start to its end; indexes must count from 0 without gaps."""
        ended = await self.event("message_stream_ended", message_id=reply_id, seconds=seconds)
        started = self.all("message_stream_started", message_id=reply_id)[-1]
        after = self.heard[self.heard.index(started) :]
        tokens = [one for one in after if one["event_type"] == "message_stream_token" and one["message_id"] == reply_id]
        assert [token["index"] for token in tokens] == list(range(len(tokens)))
        return Stream(started, tokens, ended)

    async def closed(self, seconds: float = PATIENCE) -> int | None:
        """The code with which the other side closes."""
        async with asyncio.timeout(seconds):
            await self._socket.wait_closed()
        return self._socket.close_code

    async def close(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._socket.close()
            await self._reading

    async def drop(self) -> None:
        """Let go without a word, as a lost network does."""
        self._socket.transport.abort()
        async with asyncio.timeout(PATIENCE):
            await self._reading

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                # What the platform itself says of a function that failed is no event; it is kept all the same.
                event = {"event_type": None} | json.loads(frame)
                async with self._changed:
                    self.heard.append(event)
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            self._over = True
            async with self._changed:
                self._changed.notify_all()


@dataclass(frozen=True)
class House:
    """A tenant with a key, and where its chats are."""

    base_url: str
    websocket_url: str
    tenant_id: str
    key_id: str
    api_key: str

    def rest(self) -> Rest:
        return Rest(self.base_url, self.api_key)

    @asynccontextmanager
    async def line(self, chat_id: str, user_id: str = "ada", *, greeted: bool = True) -> AsyncIterator[Line]:
        """A connection that has been greeted, unless its user does not care."""
        shown = {"api_key": self.api_key, "user_id": user_id, "chat_id": chat_id}
        async with line(self.websocket_url, query=shown) as opened:
            if greeted:
                await opened.event("connection_established")
            yield opened


@asynccontextmanager
async def line(
    url: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Line]:
    """A connection. Raises InvalidStatus when it is refused."""
    opened = Line(await _connected(url, query or {}, headers or {}))
    try:
        yield opened
    finally:
        await opened.close()


async def refusal(
    url: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Json]:
    """The status and the body with which a handshake is refused."""
    try:
        socket = await _connected(url, query or {}, headers or {})
    except InvalidStatus as error:
        return error.response.status_code, json.loads(error.response.body or b"{}")
    await socket.close()
    raise AssertionError("the handshake was not refused")


async def _connected(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ClientConnection:
    return await connect(
        f"{url}?{urlencode(query)}" if query else url,
        additional_headers=headers,
        proxy=None,
        compression=None,
        ping_interval=None,
        open_timeout=4 * PATIENCE,
    )
