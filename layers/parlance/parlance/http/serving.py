"""Serves the streaming app of the function in whose folder it is started: `python -m parlance.http.serving`.

That is what the Lambda Web Adapter talks to on AWS; the local cloud starts it the same way.
"""

import importlib
import os
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_STOP_SECONDS = 2


def the_app() -> "ASGIApp":
    """What `app.py` in the working directory calls `app`."""
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a path of the import system is a text
    app: ASGIApp = importlib.import_module("app").app
    return app


def serve(app: "ASGIApp", *, port: int = 0, sockets: Sequence[socket.socket] | None = None) -> None:
    """Until SIGTERM. One of `port` (on loopback) and `sockets` (which are listening) says where."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        # Whoever stands in front says who calls; a forwarded address is only a claim.
        proxy_headers=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=list(sockets) if sockets else None)


if __name__ == "__main__":
    serve(the_app(), port=int(os.environ["AWS_LWA_PORT"]))
