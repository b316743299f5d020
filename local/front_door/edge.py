"""The edge of the WebSocket API: sockets on one side, function invocations on the other.

It is as strict as AWS is, so that what works here works there.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from local.front_door.connections import Connection, Connections, GoneError
from local.front_door.events import EventMaker, Gateway, Handshake, new_token
from local.front_door.invoker import Answer, Invoker
from local.front_door.limits import WebSocketLimits

NO_STATUS = (1005, "Client-side close frame status not set")


@dataclass(frozen=True)
class Ending:
    """Why a connection ended, as `$disconnect` reports it; `ours` when the close frame is ours to send."""

    code: int
    reason: str
    ours: bool = False


class WebSocketEdge:
    """Serves the connections of one WebSocket API."""

    def __init__(
        self, *, gateway: Gateway, invoker: Invoker, connections: Connections, limits: WebSocketLimits
    ) -> None:
        self._gateway = gateway
        self._invoker = invoker
        self._connections = connections
        self._limits = limits
        self._background: set[asyncio.Task[None]] = set()

    async def handle(self, socket: WebSocket) -> None:
        """One connection from its handshake to its end."""
        handshake = Handshake.from_scope(socket.scope)
        connection = Connection(id=new_token(), socket=socket, handshake=handshake, connected_at=time.time())
        events = EventMaker(
            gateway=self._gateway,
            handshake=handshake,
            connection_id=connection.id,
            connected_at=connection.connected_at,
        )
        self._connections.add(connection)
        try:
            await socket.receive()
            answer = await self._invoker.invoke(events.connect())
            if (status := handshake_status(answer)) != 200:
                await self._refuse(socket, status, connection.id)
                return
            ending = await self._serve(connection, events, _chosen_subprotocol(answer))
        finally:
            self._connections.remove(connection)
        # On AWS this is best effort, once, and after the connection has gone.
        self._start(self._report_end(events, ending))

    async def finish(self, seconds: float) -> None:
        """Wait for invocations that are still running, for a while."""
        if self._background:
            await asyncio.wait(self._background, timeout=seconds)

    async def _refuse(self, socket: WebSocket, status: int, connection_id: str) -> None:
        """A refused handshake is a plain HTTP answer; what the function wrote as its body is not shown."""
        message = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}.get(status, "Internal server error")
        body = {"message": message, "connectionId": connection_id, "requestId": new_token()}
        await socket.send_denial_response(JSONResponse(body, status_code=status))

    async def _serve(self, connection: Connection, events: EventMaker, subprotocol: str | None) -> Ending:
        """Open the connection and pass its frames on until it ends."""
        try:
            await connection.socket.accept(subprotocol=subprotocol)
            connection.open = True
            connection.touch()
            ending = await self._frames(connection, events)
            if ending.ours:
                await connection.close(ending.code, ending.reason)
        except (GoneError, OSError, RuntimeError, WebSocketDisconnect):
            return Ending(1006, "Connection Closed Abnormally")
        return ending

    async def _frames(self, connection: Connection, events: EventMaker) -> Ending:
        expires = time.monotonic() + self._limits.lifetime_seconds
        while True:
            idle_at = connection.last_active + self._limits.idle_seconds
            try:
                async with asyncio.timeout(min(idle_at, expires) - time.monotonic()):
                    message = await connection.socket.receive()
            except TimeoutError:
                # Posts to the connection count as traffic too, and may have moved the limit meanwhile.
                if time.monotonic() < min(connection.last_active + self._limits.idle_seconds, expires):
                    continue
                return Ending(1001, "Going away", ours=True)
            ending = self._frame(connection, events, message)
            if ending is not None:
                return ending

    def _frame(self, connection: Connection, events: EventMaker, message: Mapping[str, Any]) -> Ending | None:
        if message["type"] == "websocket.disconnect":
            code = message.get("code") or NO_STATUS[0]
            return Ending(code, message.get("reason") or (NO_STATUS[1] if code == NO_STATUS[0] else ""))
        connection.touch()
        text = message.get("text")
        if text is None:
            return Ending(1003, "Binary frames are not supported", ours=True)
        if len(text.encode()) > self._limits.frame_bytes:
            return Ending(1009, "Frame too large", ours=True)
        # Invocations of one connection run side by side, as on AWS: nothing may count on their order.
        self._start(self._deliver(connection, events.message(text)))
        return None

    async def _deliver(self, connection: Connection, event: dict[str, Any]) -> None:
        """Invoke $default. What it returns goes nowhere, for the route has no route response."""
        answer = await self._invoker.invoke(event)
        if not answer.failed:
            return
        request_id = event["requestContext"]["requestId"]
        failure = JSONResponse(
            {"message": "Internal server error", "connectionId": connection.id, "requestId": request_id}
        )
        try:
            await connection.send(bytes(failure.body).decode())
        except GoneError:
            return

    async def _report_end(self, events: EventMaker, ending: Ending) -> None:
        await self._invoker.invoke(events.disconnect(ending.code, ending.reason))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def handshake_status(answer: Answer) -> int:
    """200 to accept, else the HTTP status of the refusal: the function's own, or the gateway's for a broken one."""
    status = answer.payload.get("statusCode") if isinstance(answer.payload, dict) else None
    if answer.failed or status not in set(HTTPStatus):
        return 502
    return 200 if 200 <= status < 300 else status


def _chosen_subprotocol(answer: Answer) -> str | None:
    headers = answer.payload.get("headers") or {}
    return next((value for name, value in headers.items() if name.lower() == "sec-websocket-protocol"), None)
