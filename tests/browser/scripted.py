"""An agent that says what its script says, at a pace that tests can see, behind the widget dialect and the pages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from local.front_door.app import BUILT_PAGES
from local.front_door.pages import page_routes

KEY = "pw_browser_tests"
NDJSON = "application/x-ndjson; charset=utf-8"
type Event = dict[str, Any]


@dataclass
class Script:
    """One reply. `breaks_after` and `fails_after` count tokens, and are over after the first time."""

    text: str
    seconds_between: float = 0.0
    sources: list[dict[str, Any]] = field(default_factory=list)
    breaks_after: int | None = None
    fails_after: int | None = None


@dataclass
class Turn:
    """A reply that is being made; whoever reads it may come late and more than once."""

    id: str
    session: str
    script: Script
    attempt: int = 0
    tokens: list[str] = field(default_factory=list)
    end: Event | None = None
    stopped: bool = False
    reads: int = 0

    async def run(self) -> None:
        """Make the reply, whether anybody reads it or not."""
        self.attempt += 1
        self.tokens, self.end = [], None
        fails = self.script.fails_after if self.attempt == 1 else None
        for word in self.script.text.split(" "):
            if self.stopped or len(self.tokens) == fails:
                break
            self.tokens.append(word if not self.tokens else f" {word}")
            await asyncio.sleep(self.script.seconds_between)
        if fails is not None and len(self.tokens) == fails:
            self.end = {"type": "error", "error": "The agent could not answer."}
        else:
            metadata = {"model": "scripted", "sources": self.script.sources, "stopped": self.stopped}
            self.end = {"type": "done", "message": "".join(self.tokens), "conversationId": "c1", "metadata": metadata}

    async def events(self, after: int) -> AsyncIterator[Event]:
        """Its tokens after an index, and its end, as they come about."""
        self.reads += 1
        at = after + 1
        while True:
            while at < len(self.tokens):
                yield {"type": "token", "token": self.tokens[at], "index": at}
                at += 1
            if self.end is not None:
                yield self.end
                return
            await asyncio.sleep(0.01)


class Agent:
    """Answers each message with the script of that name."""

    def __init__(self, scripts: dict[str, Script], origins: list[str]) -> None:
        self.scripts = scripts
        self.origins = origins
        self.turns: dict[str, Turn] = {}
        self.by_key: dict[str, str] = {}
        self.tickets: dict[str, str] = {}
        self.bodies: list[Event] = []
        self.tickets_issued = 0
        self._running: set[asyncio.Task[None]] = set()

    def app(self, page: str) -> Starlette:
        """The dialect, the real pages, and a page of somebody who embeds the widget."""

        async def embedding(request: Request) -> Response:
            return HTMLResponse(page.replace("ATTRIBUTES", request.query_params.get("attributes", "")))

        app = Starlette(
            routes=[
                Route("/v1/chat/stream", self.stream, methods=["POST"]),
                Route("/v1/chat/ticket", self.ticket, methods=["POST"]),
                Route("/v1/chat/{turn}", self.resume),
                Route("/v1/chat/{turn}/stop", self.stop, methods=["POST"]),
                WebSocketRoute("/ws/chat", self.socket),
                Route("/shop", embedding),
                *page_routes(Path(BUILT_PAGES), None),
            ]
        )
        # As the dialect does: every page may ask and may read that it is refused.
        app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        return app

    async def stream(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        self.bodies.append(body)
        turn = await self._turn(body["sessionId"], body["message"], request.headers["idempotency-key"])
        start = {"type": "start", "conversationId": "c1", "turnId": turn.id}
        return StreamingResponse(self._lines(turn, start, -1), media_type=NDJSON)

    async def resume(self, request: Request) -> Response:
        turn = self.turns.get(request.path_params["turn"])
        if refusal := self._refusal(request):
            return refusal
        if turn is None or turn.session != request.query_params["sessionId"]:
            return JSONResponse({"error": "Not found"}, status_code=404)
        return StreamingResponse(self._lines(turn, None, int(request.query_params["after"])), media_type=NDJSON)

    async def stop(self, request: Request) -> Response:
        self.turns[request.path_params["turn"]].stopped = True
        return Response(status_code=204)

    async def ticket(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        ticket = uuid4().hex
        self.tickets[ticket] = (await request.json())["sessionId"]
        self.tickets_issued += 1
        return JSONResponse({"ticket": ticket})

    async def socket(self, socket: WebSocket) -> None:
        """The chats dialect's frames; each ticket is good once."""
        session = self.tickets.pop(socket.query_params["ticket"])
        await socket.accept()
        await socket.send_json({"event_type": "connection_established"})
        try:
            while True:
                frame = await socket.receive_json()
                self._start(self._frame(socket, session, frame))
        except WebSocketDisconnect:
            return

    async def _frame(self, socket: WebSocket, session: str, frame: Event) -> None:
        with suppress(WebSocketDisconnect):
            await self._handle(socket, session, frame)

    async def _handle(self, socket: WebSocket, session: str, frame: Event) -> None:
        match frame:
            case {"action": "stop", "message_id": turn}:
                self.turns[turn].stopped = True
            case {"action": "resume", "message_id": turn, "after_index": after}:
                await self._push(socket, self.turns[turn], after)
            case {"content": text, "client_message_id": key}:
                turn = await self._turn(session, text, key)
                started = {"event_type": "message_stream_started", "message_id": turn.id, "attempt": turn.attempt or 1}
                await socket.send_json(started)
                await self._push(socket, turn, -1)

    async def _push(self, socket: WebSocket, turn: Turn, after: int) -> None:
        sent = 0
        async for event in turn.events(after):
            if turn.reads == 1 and sent == turn.script.breaks_after:
                await socket.close(1001)
                return
            sent += 1
            await socket.send_json({"message_id": turn.id, **_as_frame(event)})

    async def _turn(self, session: str, text: str, key: str) -> Turn:
        """The same key is the same turn; a failed one starts its next attempt."""
        known = self.by_key.get(key)
        turn = self.turns[known] if known else Turn(uuid4().hex, session, self.scripts[text])
        self.by_key[key] = turn.id
        self.turns[turn.id] = turn
        if (turn.end is None and not turn.attempt) or (turn.end and turn.end["type"] == "error"):
            turn.end = None
            self._start(turn.run())
            await asyncio.sleep(0)
        return turn

    async def _lines(self, turn: Turn, start: Event | None, after: int) -> AsyncIterator[bytes]:
        if start:
            yield _line(start)
        sent = 0
        async for event in turn.events(after):
            if turn.reads == 1 and sent == turn.script.breaks_after:
                raise ConnectionResetError
            sent += 1
            yield _line(event)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("x-api-key") != KEY:
            return JSONResponse({"error": "Unauthorized"}, status_code=401)
        origin = request.headers.get("origin")
        if origin and origin not in self.origins:
            return JSONResponse({"error": "Origin not allowed"}, status_code=403)
        return None

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _line(event: Event) -> bytes:
    return json.dumps(event).encode() + b"\n"


def _as_frame(event: Event) -> Event:
    match event["type"]:
        case "token":
            return {"event_type": "message_stream_token", "token": event["token"], "index": event["index"]}
        case "done":
            return {"event_type": "message_stream_ended", "content": event["message"], "metadata": event["metadata"]}
    return {"event_type": "error", "code": "AGENT_ERROR", "message": event["error"]}
