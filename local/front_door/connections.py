"""The open WebSocket connections, and the management API through which functions reach them."""

import asyncio
import datetime
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from local.front_door.events import Handshake


class GoneError(Exception):
    """There is no such connection, not yet or not any more."""


@dataclass(kw_only=True)
class Connection:
    """One client. It can be written to only between the end of $connect and the end of the connection."""

    id: str
    socket: WebSocket
    handshake: Handshake
    connected_at: float
    open: bool = False
    last_active: float = field(default_factory=time.monotonic)
    last_active_at: float = field(default_factory=time.time)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def touch(self) -> None:
        """Note traffic: the idle time starts again."""
        self.last_active = time.monotonic()
        self.last_active_at = time.time()

    async def send(self, text: str) -> None:
        """Write one frame after the other, however many functions post at once."""
        async with self._writing:
            self._require_open()
            try:
                await self.socket.send_text(text)
            except (RuntimeError, OSError, WebSocketDisconnect) as error:
                # The client went between the check and the write.
                raise GoneError from error
            self.touch()

    async def close(self, code: int, reason: str) -> None:
        """End it from our side."""
        async with self._writing:
            self._require_open()
            self.open = False
            await self.socket.close(code, reason)

    def _require_open(self) -> None:
        if not self.open or self.socket.application_state is not WebSocketState.CONNECTED:
            raise GoneError


class Connections:
    """All connections by id."""

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}

    def add(self, connection: Connection) -> None:
        """Know it from now on, though nobody may write to it before it is open."""
        self._connections[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """Forget it."""
        connection.open = False
        self._connections.pop(connection.id, None)

    def find(self, connection_id: str) -> Connection:
        """An open connection."""
        connection = self._connections.get(connection_id)
        if connection is None or not connection.open:
            raise GoneError
        return connection


class ManagementApi:
    """`POST`, `GET` and `DELETE /@connections/{id}`, answering what AWS answers."""

    def __init__(self, connections: Connections, *, posted_bytes: int) -> None:
        self._connections = connections
        self._posted_bytes = posted_bytes

    async def handle(self, request: Request) -> Response:
        """Answer one call."""
        connection_id = request.path_params["connection_id"]
        try:
            if request.method == "POST":
                return await self._post(connection_id, request)
            if request.method == "DELETE":
                return await self._delete(connection_id)
            return self._describe(connection_id)
        except GoneError:
            return _error(410, "GoneException", "The connection is gone.")

    async def _post(self, connection_id: str, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._posted_bytes:
                return _error(413, "PayloadTooLargeException", "Message too long")
        await self._connections.find(connection_id).send(body.decode(errors="replace"))
        return Response(status_code=200)

    def _describe(self, connection_id: str) -> Response:
        connection = self._connections.find(connection_id)
        identity = {
            "sourceIp": connection.handshake.source_ip,
            "userAgent": connection.handshake.header("User-Agent"),
        }
        return JSONResponse(
            {
                "connectedAt": _iso(connection.connected_at),
                "identity": identity,
                "lastActiveAt": _iso(connection.last_active_at),
            }
        )

    async def _delete(self, connection_id: str) -> Response:
        await self._connections.find(connection_id).close(1000, "Connection closed normally")
        return Response(status_code=204)


def _error(status: int, kind: str, message: str) -> Response:
    return JSONResponse({"message": message}, status_code=status, headers={"x-amzn-ErrorType": kind})


def _iso(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="milliseconds")
