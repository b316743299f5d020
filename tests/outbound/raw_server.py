"""A server on loopback that says exactly the bytes it is told to, and does to its connection what it is told to."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Peer:
    """One accepted connection, its request read."""

    connection: socket.socket
    request: bytes

    @property
    def body(self) -> bytes:
        return self.request.partition(b"\r\n\r\n")[2]

    def say(self, *parts: bytes | str) -> None:
        for part in parts:
            self.connection.sendall(part.encode() if isinstance(part, str) else part)

    def headers(self, status: str = "200 OK", content_type: str = "text/event-stream", *more: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Connection: close", *more]
        self.say("\r\n".join(lines) + "\r\n\r\n")

    def chunk(self, part: bytes | str) -> None:
        """As a chunked body has it."""
        data = part.encode() if isinstance(part, str) else part
        self.say(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reset(self) -> None:
        """Break the connection off instead of closing it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_for_hang_up(self, seconds: float = 10) -> float:
        """How long it took until the client was gone."""
        began = time.monotonic()
        self.connection.settimeout(seconds)
        try:
            while self.connection.recv(1024):
                pass
        except ConnectionError:
            pass
        return time.monotonic() - began


type Behaviour = Callable[[Peer], None]


@dataclass
class RawServer:
    """Answers the first connection by the first behaviour, and all that come after the last one by the last."""

    port: int
    behaviours: Sequence[Behaviour]
    peers: list[Peer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[bytes]:
        return [peer.body for peer in self.peers]


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(listener.getsockname()[1], behaviours)
        thread = threading.Thread(target=_accept, args=(listener, server), daemon=True)
        thread.start()
        yield server
        # A blocked accept ends by shutdown, not by close.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _accept(listener: socket.socket, server: RawServer) -> None:
    threads: list[threading.Thread] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        behave = server.behaviours[min(len(server.peers), len(server.behaviours) - 1)]
        peer = Peer(connection, b"")
        server.peers.append(peer)
        threads.append(threading.Thread(target=_serve, args=(peer, behave), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(10)


def _serve(peer: Peer, behave: Behaviour) -> None:
    with peer.connection:
        try:
            peer.request = _request(peer.connection)
            behave(peer)
        except OSError:
            # The client has gone; tests see that on the client's side.
            return


def _request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found and (part := connection.recv(65536)):
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]) and (part := connection.recv(65536)):
        body += part
        found += part
    return found
