"""Fetching the public keys of an issuer, over real HTTP on this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from parlance.identity.jwks import HttpFetch, JwksError


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        match self.path:
            case "/keys":
                self._answer(200, b'{"keys": []}')
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/keys")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/large":
                self._answer(200, b"x" * 300_000)
            case "/drip":
                self._drip()
            case _:
                self._answer(500, b"trouble")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        pause = threading.Event()
        try:
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                pause.wait(0.1)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass


@contextmanager
def served() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_fetched_and_what_is_not() -> None:
    fetch = HttpFetch(allow_loopback=True, timeout=0.5)
    with served() as base:
        assert fetch(f"{base}/keys") == b'{"keys": []}'
        Handler.asked.clear()
        for path, why in [("/moved", "302"), ("/large", "large"), ("/drip", "slow"), ("/trouble", "500")]:
            with pytest.raises(JwksError, match=why):
                fetch(base + path)
        assert "/keys" not in Handler.asked
        with pytest.raises(JwksError):
            HttpFetch(timeout=0.5)(f"{base}/keys")
    with pytest.raises(JwksError):
        fetch(f"{base}/keys")
