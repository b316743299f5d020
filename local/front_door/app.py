"""Puts the front door together: the ways to REST and streaming functions, the WebSocket edge, and the pages."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute, request_response

from local.deploy import Deployment
from local.front_door.connections import Connections, ManagementApi
from local.front_door.edge import WebSocketEdge
from local.front_door.events import Gateway
from local.front_door.invoker import EmulatorInvoker, Invoker
from local.front_door.limits import RestLimits, WebSocketLimits
from local.front_door.loopback import LoopbackOnly
from local.front_door.pages import page_routes
from local.front_door.proxy import RestProxy, error_response
from local.front_door.streams import streaming_routes
from local.settings import ROOT
from local.streaming import StreamingRoute

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
BUILT_PAGES = ROOT / "web" / "dist"
PROXIED = ["/api/{path:path}", "/chatapi/{path:path}", "/v1/{path:path}"]


def front_door(
    *,
    deployment: Deployment,
    client: httpx.AsyncClient,
    streams: Sequence[StreamingRoute] = (),
    invoker: Invoker | None = None,
    rest_limits: RestLimits | None = None,
    websocket_limits: WebSocketLimits | None = None,
    pages: Path = BUILT_PAGES,
    credentials_file: Path | None = None,
) -> Starlette:
    """The ASGI application in front of one deployment."""
    rest_limits = rest_limits or RestLimits()
    websocket_limits = websocket_limits or WebSocketLimits()
    connections = Connections()
    edge = WebSocketEdge(
        gateway=Gateway(api_id=deployment.websocket_api_id, stage=deployment.stage),
        invoker=invoker
        or EmulatorInvoker(
            client=client,
            endpoint=deployment.endpoint,
            function=deployment.websocket_function,
            seconds=websocket_limits.integration_seconds,
        ),
        connections=connections,
        limits=websocket_limits,
    )
    proxy = RestProxy(client=client, rest_url=deployment.rest_url, limits=rest_limits)
    streaming, streaming_proxies = streaming_routes(streams, rest_limits)
    management = ManagementApi(connections, posted_bytes=websocket_limits.posted_bytes)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await edge.finish(seconds=5)
        for one in streaming_proxies:
            await one.close()

    return Starlette(
        routes=[
            *streaming,
            *(Route(path, proxy.handle, methods=METHODS) for path in PROXIED),
            WebSocketRoute("/ws/chat", edge.handle),
            WebSocketRoute("/ws/chat/", edge.handle),
            Route(
                "/_connections/@connections/{connection_id}",
                LoopbackOnly(request_response(management.handle)),
                methods=["GET", "POST", "DELETE"],
            ),
            Route("/_local/health", LoopbackOnly(request_response(health))),
            *page_routes(pages, credentials_file),
        ],
        lifespan=lifespan,
        exception_handlers={404: _no_route, 405: _no_method},
    )


async def _no_route(_: Request, __: Exception) -> Response:
    """In the shape of all errors, as are those of the gateway."""
    return error_response(404, "NOT_FOUND", "There is nothing at this path.")


async def _no_method(_: Request, __: Exception) -> Response:
    return error_response(405, "METHOD_NOT_ALLOWED", "This path does not take this method.")
