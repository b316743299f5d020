"""A connection that is pinned, and that another thread can end while it is blocked."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from parlance.outbound.addresses import AnyAddress, ForbiddenAddressError, Guard, target_of
from parlance.outbound.line import Line, pieces
from tests.outbound.certificates import contexts
from tests.outbound.raw_server import Peer, serving


def ok(peer: Peer) -> None:
    peer.headers("200 OK", "text/plain", "Content-Length: 2")
    peer.say("hi")


class Rebinding:
    """A name server that gives a harmless address to whoever checks, and another one to whoever comes again."""

    def __init__(self, *answers: str) -> None:
        self._answers = answers
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return [self._answers[min(self.asked, len(self._answers)) - 1]]


def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    with serving(ok) as server:
        resolve = Rebinding("127.0.0.1", "169.254.169.254")
        guard = Guard(private_hosts=["pinned.example"], resolve=resolve)
        with Line(guard, connect_seconds=2) as line:
            answer = line.ask("GET", target_of(f"http://pinned.example:{server.port}/x"), headers={})
            assert answer.read() == b"hi"
        assert resolve.asked == 1, "a second look-up could answer differently"
        assert f"Host: pinned.example:{server.port}\r\n".encode() in server.peers[0].request


def test_nothing_is_connected_to_that_was_judged_unfit() -> None:
    with serving(ok) as server, Line(Guard(), connect_seconds=2) as line, pytest.raises(ForbiddenAddressError):
        line.ask("GET", target_of(server.url), headers={})
    assert server.peers == []


class Two:
    """A host with two addresses on this machine."""

    def addresses(self, host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]


def test_the_next_address_is_tried_where_one_refuses() -> None:
    with serving(ok) as server, Line(Two(), connect_seconds=2) as line:
        assert line.ask("GET", target_of(f"http://two.example:{server.port}/"), headers={}).read() == b"hi"


def test_the_next_address_is_tried_in_time_where_one_is_silent() -> None:
    with serving(ok) as server, letting_nobody_in("127.0.0.2", server.port), Line(Two(), connect_seconds=1) as line:
        assert line.ask("GET", target_of(f"http://two.example:{server.port}/"), headers={}).read() == b"hi"


@contextlib.contextmanager
def letting_nobody_in(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A socket that listens and whose line of waiting clients is full."""
    with contextlib.ExitStack() as opened:
        full = opened.enter_context(socket.socket())
        full.bind((address, port))
        full.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        time.sleep(0.1)
        yield full.getsockname()[1]


class TestTls:
    def serve(self, folder: Path, said: str) -> tuple[int, ssl.SSLContext, threading.Event]:
        """A TLS server that answers `said` and then waits until its client is gone."""
        server_side, client_side = contexts(folder)
        listener = socket.create_server(("127.0.0.1", 0))
        gone = threading.Event()

        def serve() -> None:
            with listener, listener.accept()[0] as plain:
                plain.settimeout(10)
                try:
                    with server_side.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(65536)
                        connection.sendall(said.encode())
                        connection.recv(65536)
                except OSError:
                    pass
            gone.set()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1], client_side, gone

    def test_an_answer(self, tmp_path: Path) -> None:
        port, trust, gone = self.serve(tmp_path, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        with Line(AnyAddress(), connect_seconds=5, trust=lambda: trust) as line:
            assert line.ask("GET", target_of(f"https://127.0.0.1:{port}/"), headers={}).read() == b"hi"
        assert gone.wait(10)

    def test_a_stranger_is_not_trusted(self, tmp_path: Path) -> None:
        port, _, gone = self.serve(tmp_path, "")
        with Line(AnyAddress(), connect_seconds=5) as line, pytest.raises(ssl.SSLCertVerificationError):
            line.ask("GET", target_of(f"https://127.0.0.1:{port}/"), headers={})
        assert gone.wait(10)

    def test_a_blocked_read_ends(self, tmp_path: Path) -> None:
        port, trust, gone = self.serve(tmp_path, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhi")
        with Line(AnyAddress(), connect_seconds=5, trust=lambda: trust) as line:
            answer = line.ask("GET", target_of(f"https://127.0.0.1:{port}/"), headers={})
            body = pieces(answer)
            assert next(body) == b"hi"
            timer = threading.Timer(0.2, line.hang_up)
            timer.start()
            began = time.monotonic()
            with contextlib.suppress(OSError):
                assert list(body) == []
            assert time.monotonic() - began < 1
            assert gone.wait(1)
            timer.join()


class TestHangUp:
    def test_before_anything(self) -> None:
        with serving(ok) as server, Line(AnyAddress(), connect_seconds=2) as line:
            line.hang_up()
            with pytest.raises(ConnectionAbortedError):
                line.ask("GET", target_of(server.url), headers={})

    def test_while_connecting(self) -> None:
        with letting_nobody_in() as port:
            line = Line(AnyAddress(), connect_seconds=30)
            timer = threading.Timer(0.2, line.hang_up)
            timer.start()
            began = time.monotonic()
            with line, pytest.raises(OSError):  # noqa: PT011 - which one is the platform's to say
                line.ask("GET", target_of(f"http://127.0.0.1:{port}/"), headers={})
            assert time.monotonic() - began < 5
            timer.join()

    def test_after_the_end_and_again(self) -> None:
        with serving(ok) as server:
            with Line(AnyAddress(), connect_seconds=2) as line:
                line.ask("GET", target_of(server.url), headers={}).read()
            line.hang_up()
            line.hang_up()


def test_a_server_that_lets_nobody_in_is_given_up() -> None:
    began = time.monotonic()
    with letting_nobody_in() as port, Line(AnyAddress(), connect_seconds=0.3) as line, pytest.raises(TimeoutError):
        line.ask("GET", target_of(f"http://127.0.0.1:{port}/"), headers={})
    assert time.monotonic() - began < 3
