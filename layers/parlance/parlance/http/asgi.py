"""An endpoint group whose answers are streamed: the same gate, routes and errors as a buffered one, as an ASGI app.

Each request has a thread of its own from the gate to its last byte. The event loop only sends. So a client that leaves
ends nothing: what it began is run to its end, and stored. An explicit stop is the only way to end a turn early.

The app runs in three ways, and each says itself who calls, in a header or a field that a client cannot set:
- on AWS as a server behind the Lambda Web Adapter, which puts the request context of API Gateway into
  `x-amzn-request-context` and Lambda's into `x-amzn-lambda-context`, in place of whatever a client sent under these
  names (`fetch_response` in its lib.rs inserts both);
- in the local cloud as the same server behind the front door, which does the same;
- invoked with an event, as `sam local invoke` and the emulator do (`parlance.http.buffered`): the event says it.
"""

import base64
import json
import re
import threading
from asyncio import get_running_loop
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from parlance.http.answers import Answer, NoMethodError, NoRouteError
from parlance.http.exchange import Exchange, Head
from parlance.http.faults import log_fault
from parlance.http.requests import BODY_BYTES_MAX, Request
from parlance.http.routes import Admission, RefusedError, Route
from parlance.http.streams import Stream

READINESS_PATH = "/_ready"
"""Where the app says that it is up. API Gateway has no such route, so nobody outside can ask."""
REQUEST_CONTEXT = "x-amzn-request-context"
LAMBDA_CONTEXT = "x-amzn-lambda-context"
IDLE_SECONDS = 15.0


class StreamingGroup[Caller]:
    """Serves requests: gate first, then route, then the route's own work.

    `gate` says who calls, or raises; `explain` turns any failure into the dialect's answer.
    """

    def __init__(
        self,
        routes: Sequence[Route[Caller, Answer | Stream]],
        *,
        gate: Callable[[Request], Admission[Caller]],
        explain: Callable[[Exception], Answer],
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]
        self._gate = gate
        self._explain = explain
        self._idle_seconds = idle_seconds

    async def respond(self, request: Request) -> Response:
        exchange = Exchange(get_running_loop())
        threading.Thread(target=self._serve, args=(request, exchange), name="request", daemon=True).start()
        match await exchange.head():
            case Stream() as stream:
                chunks = exchange.chunks(idle=stream.idle, idle_seconds=self._idle_seconds)
                return _Streamed(chunks, stream)
            case Answer(status, body, headers) if body is not None:
                return JSONResponse(body, status, dict(headers))
            case Answer(status, _, headers, text, content_type):
                return Response(text, status, dict(headers), content_type if text is not None else None)
        return Response(status_code=500)

    def _serve(self, request: Request, exchange: Exchange) -> None:
        """A request's thread."""
        try:
            head = self._head(request)
            exchange.put(head)
            if isinstance(head, Stream):
                _run(head, exchange)
        except Exception as error:  # noqa: BLE001 - the entry point of a thread: it must not end without a word
            log_fault(error)
        finally:
            exchange.end()

    def _head(self, request: Request) -> Head:
        try:
            admission = self._gate(request)
        except RefusedError as refused:
            return _with_headers(self._explain(refused.reason), refused.headers)
        except Exception as error:  # noqa: BLE001 - the entry point of a request: every failure becomes an answer
            return self._explain(error)
        try:
            return _with_headers(self._answer(request, admission.caller), admission.headers)
        except Exception as error:  # noqa: BLE001 - the same
            return _with_headers(self._explain(error), admission.headers)

    def _answer(self, request: Request, caller: Caller) -> Head:
        allowed = []
        for pattern, route in self._routes:
            if match := pattern.fullmatch(request.path):
                if route.method == request.method:
                    return route.answer(
                        request, caller, **{name: unquote(part) for name, part in match.groupdict().items()}
                    )
                allowed.append(route.method)
        raise NoMethodError(allowed) if allowed else NoRouteError


def streaming_app(group: Callable[[], StreamingGroup[Any]]) -> Starlette:
    """The ASGI app of a group, which is built when the app is first asked whether it is ready, or anything else."""

    async def ready(_: HttpRequest) -> Response:
        group()
        return Response(status_code=204)

    return Starlette(routes=[HttpRoute(READINESS_PATH, ready), HttpRoute("/{path:path}", _Endpoint(group))])


class _Streamed(StreamingResponse):
    """Says when it is over, also when its client has left: a maker may be waiting for its reader."""

    def __init__(self, chunks: AsyncGenerator[bytes], stream: Stream) -> None:
        super().__init__(chunks, stream.status, dict(stream.headers), stream.media_type)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._chunks.aclose()


class _Endpoint:
    """All other paths and, as it is no function, all methods."""

    def __init__(self, group: Callable[[], StreamingGroup[Any]]) -> None:
        self._group = group

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = scope.get("aws.event") or await _event(HttpRequest(scope, receive))
        response = await self._group().respond(Request(event))
        await response(scope, receive, send)


def _run(stream: Stream, exchange: Exchange) -> None:
    try:
        for chunk in stream.chunks:
            if not stream.paced:
                exchange.put(chunk)
            elif not exchange.put_when_read(chunk):
                exchange.break_off()
                return
    except Exception as error:  # noqa: BLE001 - the entry point of a stream: every failure becomes its last words
        words = stream.failed(error)
        if words is None:
            exchange.break_off()
        else:
            exchange.put(words)


def _with_headers(head: Head, headers: Mapping[str, str]) -> Head:
    return replace(head, headers={**headers, **head.headers})


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path) + "/?")


async def _event(request: HttpRequest) -> Mapping[str, Any]:
    """The request as API Gateway's proxy integration delivers it to a function."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return {
        "httpMethod": request.method,
        "path": request.scope["raw_path"].decode("latin-1"),
        "requestContext": json.loads(headers.pop(REQUEST_CONTEXT, "{}")),
        "answerBy": json.loads(headers.pop(LAMBDA_CONTEXT, "{}")).get("deadline"),
        "headers": headers,
        "queryStringParameters": query or None,
        "body": base64.b64encode(await _body(request)).decode(),
        "isBase64Encoded": True,
    }


async def _body(request: HttpRequest) -> bytes:
    """The body, or so much of one that is too large that this shows."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            break
    return bytes(body)
