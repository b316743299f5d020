"""The WebSocket under a chat: opening it, sending, receiving, and saying when it is lost."""

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from parlance_cli.chat.api import Chat, is_loopback
from parlance_cli.errors import CliError

_OPEN_SECONDS = 15
_CLOSE_SECONDS = 2
_REFUSALS = {
    401: "The API key was refused.",
    403: "This chat does not exist, or it is not one of this user's.",
}


class LostError(Exception):
    """There is no connection (any more); another may work."""


class Connection(Protocol):
    """One open connection."""

    def send(self, text: str) -> None:
        """Raises LostError."""
        ...

    def receive(self, seconds: float) -> str | None:
        """The next frame, None if none came in time. Raises LostError."""
        ...

    def close(self) -> None: ...


class Connector(Protocol):
    """Where connections come from."""

    def open(self) -> Connection:
        """Raises LostError, and CliError where trying again is no use."""
        ...


@dataclass(frozen=True, slots=True)
class WebSocketConnector:
    """Opens connections to one chat."""

    url: str
    api_key: str = field(repr=False)
    chat: Chat

    def open(self) -> Connection:
        query = urlencode({"user_id": self.chat.user_id, "chat_id": self.chat.id})
        try:
            return _WebSocket(
                connect(
                    f"{self.url}?{query}",
                    additional_headers={"X-API-Key": self.api_key},
                    open_timeout=_OPEN_SECONDS,
                    close_timeout=_CLOSE_SECONDS,
                    proxy=None if is_loopback(self.url) else True,
                )
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in _REFUSALS:
                raise CliError(_REFUSALS[status]) from error
            raise LostError(_busy(status)) from error
        except (OSError, WebSocketException) as error:
            raise LostError("the server does not answer") from error


class _WebSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, text: str) -> None:
        try:
            self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise LostError("the connection was closed") from error

    def receive(self, seconds: float) -> str | None:
        try:
            frame = self._connection.recv(timeout=seconds, decode=True)
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError) as error:
            raise LostError("the connection was closed") from error
        return frame

    def close(self) -> None:
        self._connection.close()


def _busy(status: int) -> str:
    return "too many connections are open" if status == 429 else f"the server answered with status {status}"
