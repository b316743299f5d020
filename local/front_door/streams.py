"""Passes requests of streaming routes on to their servers, and every byte back as soon as it is there."""

import json
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from local.front_door.limits import RestLimits
from local.front_door.proxy import read_body, request_headers, response_headers, too_large, unreachable
from local.streaming import StreamingRoute

REQUEST_CONTEXT = b"x-amzn-request-context"
# What only the adapter in front of a function may say.
ADAPTERS_OWN = {REQUEST_CONTEXT, b"x-amzn-lambda-context"}


class StreamingProxy:
    """The way to the server of one streaming function."""

    def __init__(self, socket: Path, limits: RestLimits) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=None)),
            timeout=httpx.Timeout(None, read=limits.stream_idle_seconds),
        )

    async def handle(self, request: Request) -> Response:
        try:
            body = await read_body(request, self._limits.body_bytes)
        except ClientDisconnect:
            return Response(status_code=499)
        if body is None:
            return too_large()
        try:
            answer = await self._client.send(self._outgoing(request, body), stream=True)
        except httpx.HTTPError:
            return unreachable()
        response = StreamingResponse(_passed_on(answer), status_code=answer.status_code)
        response.raw_headers = response_headers(answer)
        return response

    async def close(self) -> None:
        await self._client.aclose()

    def _outgoing(self, request: Request, body: bytes) -> httpx.Request:
        url = httpx.URL("http://streaming").copy_with(raw_path=_target(request))
        headers = [(name, value) for name, value in request_headers(request) if name not in ADAPTERS_OWN]
        headers.append((REQUEST_CONTEXT, json.dumps(request_context(request)).encode()))
        return self._client.build_request(request.method, url, headers=headers, content=body)


def streaming_routes(streams: Sequence[StreamingRoute], limits: RestLimits) -> tuple[list[Route], list[StreamingProxy]]:
    """The routes of the front door, which must stand before those of the REST proxy, and the proxies to close."""
    proxies = {socket: StreamingProxy(socket, limits) for socket in {stream.socket for stream in streams}}
    routes = [
        Route(path, proxies[stream.socket].handle, methods=[stream.method.upper()])
        for stream in streams
        for path in _spellings(stream.path.replace("+}", ":path}"))
    ]
    return routes, list(proxies.values())


def request_context(request: Request) -> dict[str, object]:
    """What API Gateway tells a function about a request, as far as ours ask."""
    peer = request.client.host if request.client else "127.0.0.1"
    return {"requestId": str(uuid.uuid4()), "httpMethod": request.method, "identity": {"sourceIp": peer}}


def _spellings(path: str) -> tuple[str, ...]:
    return (path,) if path.endswith(":path}") else (path, f"{path}/")


def _target(request: Request) -> bytes:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


async def _passed_on(answer: httpx.Response) -> AsyncIterator[bytes]:
    """A client that leaves ends this, which the server at the other end takes no notice of."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
