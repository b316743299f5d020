"""The events that API Gateway sends to the function behind a WebSocket API."""

import base64
import datetime
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl

type Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """What the client said when it connected; the gateway repeats parts of it in later events."""

    headers: Pairs
    query: Pairs
    source_ip: str

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any]) -> Self:
        """Read an ASGI scope. Names get their usual capitals back, which the server has taken from them."""
        headers = [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in scope["headers"]]
        source_ip = scope["client"][0] if scope.get("client") else "127.0.0.1"
        added = [("X-Forwarded-For", source_ip), ("X-Forwarded-Proto", "http")]
        return cls(
            headers=[pair for pair in headers if not pair[0].startswith("X-Forwarded-")] + added,
            query=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            source_ip=source_ip,
        )

    def header(self, name: str) -> str:
        """The last value of a header, or nothing."""
        return dict(self.headers).get(name, "")


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The deployed WebSocket API, as events name it."""

    api_id: str
    stage: str


class EventMaker:
    """Makes the events of one connection."""

    def __init__(self, *, gateway: Gateway, handshake: Handshake, connection_id: str, connected_at: float) -> None:
        self._gateway = gateway
        self._handshake = handshake
        self._connection_id = connection_id
        self._connected_at = connected_at

    def connect(self) -> dict[str, Any]:
        """$connect, with everything that the client sent. The query keys are absent when there is none."""
        event: dict[str, Any] = {
            **_single_and_multi("headers", "multiValueHeaders", self._handshake.headers),
            "requestContext": self._context("$connect", "CONNECT"),
            "isBase64Encoded": False,
        }
        if self._handshake.query:
            event |= _single_and_multi(
                "queryStringParameters", "multiValueQueryStringParameters", self._handshake.query
            )
        return event

    def message(self, body: str) -> dict[str, Any]:
        """$default: a text frame."""
        context = self._context("$default", "MESSAGE") | {"messageId": new_token()}
        return {"requestContext": context, "body": body, "isBase64Encoded": False}

    def disconnect(self, code: int, reason: str) -> dict[str, Any]:
        """$disconnect, with only the few headers that the gateway keeps."""
        kept = [("Host", self._handshake.header("Host")), ("x-api-key", ""), ("X-Forwarded-For", "")]
        ending = {"disconnectStatusCode": code, "disconnectReason": reason}
        return {
            **_single_and_multi("headers", "multiValueHeaders", kept),
            "requestContext": self._context("$disconnect", "DISCONNECT") | ending,
            "isBase64Encoded": False,
        }

    def _context(self, route: str, kind: str) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.UTC)
        return {
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": new_token(),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "messageDirection": "IN",
            "stage": self._gateway.stage,
            "connectedAt": int(self._connected_at * 1000),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "identity": {
                "sourceIp": self._handshake.source_ip,
                "userAgent": self._handshake.header("User-Agent"),
            },
            "requestId": str(uuid.uuid4()),
            "domainName": self._handshake.header("Host").split(":")[0],
            "connectionId": self._connection_id,
            "apiId": self._gateway.api_id,
        }


def new_token() -> str:
    """An id in the gateway's form; the padding at its end is what a careless client forgets to encode."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


def _single_and_multi(single: str, multi: str, pairs: Pairs) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {single: {name: several[-1] for name, several in values.items()}, multi: values}
