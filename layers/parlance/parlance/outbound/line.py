"""One exchange over HTTP/1.1 whose connection is in our own hands.

The standard library's client on a socket of ours: pinned to an address that was judged, and known to `hang_up` from
the first packet on, because a blocked connect, handshake or read ends only when the socket is shut down.
It costs no import: botocore has loaded http.client already. No proxy is asked, no redirect followed.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import TracebackType
from typing import Self

from parlance.outbound.addresses import Addresses, Target

_CHUNK = 64 * 1024


@cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class Line:
    """Connects and asks once. A context manager that closes what it opened."""

    def __init__(
        self, addresses: Addresses, *, connect_seconds: float, trust: Callable[[], ssl.SSLContext] = _system_trust
    ) -> None:
        self._addresses = addresses
        self._connect_seconds = connect_seconds
        self._trust = trust
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._hung_up = False
        self._connection: http.client.HTTPConnection | None = None
        self._answer: http.client.HTTPResponse | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(
        self, method: str, target: Target, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        """The answer, its body unread.

        Raises ForbiddenAddressError, OSError (TimeoutError where nothing could be connected to in time), ValueError
        for headers that are none, HTTPException for an answer that is none.
        """
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = self._connected(target)
        self._connection = connection
        kept = {name: value for name, value in headers.items() if name.lower() != "host"}
        connection.request(method, target.path, body=body, headers={"Host": target.authority, **kept})
        self._answer = connection.getresponse()
        return self._answer

    def hang_up(self) -> None:
        """End the exchange, whatever it waits for. From any thread, any number of times."""
        with self._lock:
            self._hung_up = True
            if self._socket is not None:
                # Past the TLS layer, whose own shutdown would change what the reading thread works on.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            opened, self._socket = self._socket, None
        # An answer keeps a hold of the socket beyond its connection.
        for held in (self._answer, self._connection, opened):
            if held is not None:
                held.close()

    def _connected(self, target: Target) -> socket.socket:
        """To the first address that answers; none may use up the time of those behind it."""
        addresses = self._addresses.addresses(target.host, target.port)
        deadline = time.monotonic() + self._connect_seconds
        failure: OSError = OSError("the host has no address")
        for place, address in enumerate(addresses):
            now = time.monotonic()
            try:
                return self._dialled(address, target, now + (deadline - now) / (len(addresses) - place))
            except OSError as error:
                failure = error
        raise failure

    def _dialled(self, address: str, target: Target, deadline: float) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        dialled = socket.socket(family, socket.SOCK_STREAM)
        self._take(dialled)
        dialled.settimeout(max(deadline - time.monotonic(), 0.001))
        dialled.connect((address, target.port))
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.scheme == "https":
            dialled = self._trust().wrap_socket(dialled, server_hostname=target.host, do_handshake_on_connect=False)
            self._take(dialled)
            dialled.settimeout(max(deadline - time.monotonic(), 0.001))
            dialled.do_handshake()
        # From here on somebody watches who knows what to expect and when.
        dialled.settimeout(None)
        return dialled

    def _take(self, fresh: socket.socket) -> None:
        with self._lock:
            before, self._socket = self._socket, fresh
            hung_up = self._hung_up
        if before is not None and before.fileno() != fresh.fileno():
            before.close()
        if hung_up:
            raise ConnectionAbortedError("hung up")


def pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it comes. Raises OSError and HTTPException."""
    while piece := answer.read1(_CHUNK):
        yield piece
