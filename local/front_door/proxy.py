"""Passes HTTP requests on to the REST API in the emulator."""

import asyncio

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from local.front_door.invoker import AT_ONCE
from local.front_door.limits import RestLimits

# Headers about one hop, which a proxy must not pass on, and those that it writes itself.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)
REQUEST_OWN = HOP_BY_HOP | {b"content-length", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"}
RESPONSE_OWN = HOP_BY_HOP | {b"content-length", b"date", b"server"}


class RestProxy:
    """The way to one REST API."""

    def __init__(self, *, client: httpx.AsyncClient, rest_url: str, limits: RestLimits) -> None:
        self._client = client
        self._base = httpx.URL(rest_url)
        self._limits = limits
        self._places = asyncio.Semaphore(AT_ONCE)

    async def handle(self, request: Request) -> Response:
        """Pass one request on, its path and query exactly as they came."""
        try:
            body = await read_body(request, self._limits.body_bytes)
        except ClientDisconnect:
            return Response(status_code=499)
        if body is None:
            return too_large()
        outgoing = self._client.build_request(
            request.method, self._target(request), headers=request_headers(request), content=body
        )
        try:
            async with self._places:
                answer = await self._client.send(outgoing, stream=True)
                try:
                    content = b"".join([chunk async for chunk in answer.aiter_raw()])
                finally:
                    await answer.aclose()
        except httpx.TimeoutException:
            return error_response(504, "TIMEOUT", "The answer took too long.")
        except httpx.HTTPError:
            return unreachable()
        return _response(answer, content)

    def _target(self, request: Request) -> httpx.URL:
        path: bytes = self._base.raw_path + request.scope["raw_path"]
        query: bytes = request.scope["query_string"]
        return self._base.copy_with(raw_path=path + b"?" + query if query else path)


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """The whole body, or nothing if it is larger than the gateway takes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    return bytes(body)


def request_headers(request: Request) -> list[tuple[bytes, bytes]]:
    peer = request.client.host if request.client else "127.0.0.1"
    kept = [(name, value) for name, value in request.headers.raw if name not in REQUEST_OWN]
    # Whatever a client claims, the gateway reports the address that it sees.
    return [*kept, (b"x-forwarded-for", peer.encode()), (b"x-forwarded-proto", b"http")]


def response_headers(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in RESPONSE_OWN]


def _response(answer: httpx.Response, content: bytes) -> Response:
    response = Response(content, status_code=answer.status_code)
    kept = response_headers(answer)
    if answer.status_code != 204:
        kept.append((b"content-length", str(len(content)).encode()))
    response.raw_headers = kept
    return response


def too_large() -> Response:
    return error_response(413, "PAYLOAD_TOO_LARGE", "The request is larger than 10 MB.")


def unreachable() -> Response:
    return error_response(502, "INTERNAL_ERROR", "Something went wrong on our side.")


def error_response(status: int, code: str, message: str) -> Response:
    """The same shape as the gateway responses of the template."""
    told = {"code": code, "message": message}
    return JSONResponse({"error": told, **told}, status_code=status)
