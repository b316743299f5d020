"""An ASGI server for tests: one request, no socket, and every message that the app sends."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

ADDRESS = "203.0.113.7"


@dataclass
class Heard:
    """What a client has received, and whether it is still there."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    whole: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the client takes what is sent, as it does unless told otherwise."""

    def __post_init__(self) -> None:
        self.reads.set()

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    async def until_chunks(self, count: int) -> None:
        await self._until(lambda: len(self.chunks) >= count)

    async def until(self, text: bytes) -> None:
        await self._until(lambda: text in self.body)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def request(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: list[tuple[str, str]] | None = None,
    body: list[bytes] | None = None,
    query: str = "",
    adapter: bool = True,
) -> tuple[Heard, "asyncio.Task[None]"]:
    """Start a request as the adapter in front would; without it there is no word on who calls."""
    heard = Heard()
    sent = list(headers or [])
    if adapter:
        sent.append(("x-amzn-request-context", json.dumps({"identity": {"sourceIp": ADDRESS}})))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent],
    }
    pieces = list(body or [b""])

    async def receive() -> Message:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await heard.left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await heard.reads.wait()
        if heard.left.is_set():
            return
        if message["type"] == "http.response.start":
            heard.status = message["status"]
            heard.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            heard.whole = not message.get("more_body", False)
            if message.get("body"):
                heard.chunks.append(message["body"])
        heard.changed.set()

    return heard, asyncio.create_task(_run(app, scope, receive, send))


async def answered(app: ASGIApp, method: str, path: str, **sent: Any) -> Heard:
    """The whole answer."""
    heard, task = request(app, method, path, **sent)
    async with asyncio.timeout(10):
        await task
    return heard


async def _run(app: ASGIApp, scope: dict[str, Any], receive: Any, send: Any) -> None:
    await app(scope, receive, send)
