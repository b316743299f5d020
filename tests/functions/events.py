"""API Gateway and SQS events as the functions receive them."""

import json
from typing import Any
from uuid import uuid4


def rest(
    method: str,
    path: str,
    *,
    key: str | None = None,
    body: object = None,
    raw_body: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    base64: bool = False,
) -> dict[str, Any]:
    sent = {"Host": "api.example", "Content-Type": "application/json", **(headers or {})}
    if key is not None:
        sent["X-API-Key"] = key
    text = raw_body if raw_body is not None else (None if body is None else json.dumps(body))
    return {
        "version": "1.0",
        "resource": "/api/v1/chats/{chat_id}/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "stage": "dev",
            "domainName": "api.example",
            "path": f"/dev{path}",
            "httpMethod": method,
            "requestId": uuid4().hex,
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": text,
        "isBase64Encoded": base64,
    }


def websocket(
    route: str,
    connection_id: str,
    *,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    kinds = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}
    event: dict[str, Any] = {
        "requestContext": {
            "routeKey": route,
            "eventType": kinds.get(route, "MESSAGE"),
            "connectionId": connection_id,
            "requestId": uuid4().hex,
            "stage": "dev",
        },
        "isBase64Encoded": False,
    }
    if route == "$connect":
        event["headers"] = {"Host": "ws.example", **(headers or {})}
        if query:
            event["queryStringParameters"] = query
    if body is not None:
        event["body"] = body
    return event


def from_queue(body: str, *, receipts: int = 1, receipt_handle: str = "r") -> dict[str, Any]:
    """One message, as a worker gets it."""
    record = {
        "messageId": "m",
        "receiptHandle": receipt_handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receipts)},
    }
    return {"Records": [record]}


class Context:
    """Lambda's context."""

    def __init__(self, seconds: float = 900) -> None:
        self._milliseconds = int(seconds * 1000)
        self.aws_request_id = uuid4().hex

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds
