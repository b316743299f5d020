"""What only this machine may reach."""

import ipaddress

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = {"localhost", "127.0.0.1", "[::1]"}


class LoopbackOnly:
    """Lets nobody but this machine reach what stands behind it.

    The name that was asked for counts too: a page elsewhere may have its own name point here, and its scripts would
    then be taken for ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        client = scope.get("client")
        name = Headers(scope=scope).get("host", "").rsplit(":", 1)[0]
        if client and ipaddress.ip_address(client[0]).is_loopback and name in NAMES:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"message": "Forbidden"}, status_code=403)(scope, receive, send)
