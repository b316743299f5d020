"""API Gateway's side of open connections, as an HTTP server: it keeps what is posted to each."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class FakeGateway:
    """Connections are open from `open` until `hang_up`, or until a function closes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self.frames: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.failures: list[int] = []
        self.endpoint = ""

    def open(self, connection_id: str) -> None:
        with self._lock:
            self._open.add(connection_id)

    def hang_up(self, connection_id: str) -> None:
        with self._lock:
            self._open.discard(connection_id)

    def is_open(self, connection_id: str) -> bool:
        with self._lock:
            return connection_id in self._open

    def events(self, connection_id: str) -> list[str]:
        return [frame["event_type"] for frame in self.frames[connection_id]]

    def answer(self, method: str, connection_id: str, body: bytes) -> int:
        with self._lock:
            if self.failures:
                return self.failures.pop(0)
            if connection_id not in self._open:
                return 410
            if method == "DELETE":
                self._open.discard(connection_id)
            if method == "POST":
                self.frames[connection_id].append(json.loads(body))
            return 200

    @contextmanager
    def serving(self) -> Iterator["FakeGateway"]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answer("POST")

            def do_GET(self) -> None:
                self._answer("GET")

            def do_DELETE(self) -> None:
                self._answer("DELETE")

            def _answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection_id = unquote(self.path.rsplit("/", 1)[-1])
                self.send_response(gateway.answer(method, connection_id, body))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Nothing: a test's output is its own."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{server.server_port}/test"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
