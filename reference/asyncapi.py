"""The WebSocket as an AsyncAPI 3 document."""

import inspect
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from parlance.chats.models import NewMessage, Resume, Stop
from reference.frames import EVENTS
from reference.operations import REF

type Json = dict[str, Any]
type Payloads = dict[type[BaseModel], Json]

_ABOUT = """Chats in both directions over one connection at /ws/chat. Connect with ?ticket=… in a browser; a server may
connect with api_key, user_id and chat_id in the query, or with the headers X-API-Key, X-User-ID and X-Chat-ID.

Every frame is one JSON object. Frames over 32 KB close the connection with 1009, binary ones with 1003. A refused
connection is an HTTP status: 401 for the key or ticket, 403 for a missing parameter or a chat that is not that user's,
429 when all of the tenant's connections are in use, 503 when the service is busy, 500 for a failure of ours.
"""
_QUERY = {
    "ticket": "Good for a minute and one connection",
    "api_key": "The key of a tenant",
    "user_id": "Whose chat it is",
    "chat_id": "Which chat",
}
_SENT: dict[str, tuple[str, str, type[BaseModel] | None, str | None]] = {
    "message": ("A message", "Up to 24 KB. The client_message_id makes sending it again harmless.", NewMessage, None),
    "resume": ("resume", "The tokens of a reply after an index that you have, then live.", Resume, "resume"),
    "stop": ("stop", "Ends a reply; the model call itself ends.", Stop, "stop"),
    "ping": ("ping", "Is anybody there? At most ten frames a second are taken.", None, "ping"),
}


def asyncapi() -> Json:
    """The document."""
    models = [model for _, _, model, _ in _SENT.values() if model] + list(EVENTS)
    _, found = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    schemas: Json = found["$defs"]
    # The models themselves become payloads; what is left is what they have in common.
    payloads = {model: schemas.pop(model.__name__) for model in models}
    sent = {name: _sent(name, *parts, payloads) for name, parts in _SENT.items()}
    told = {kind: _told(kind, model, payloads[model]) for kind, model in ((_kind(model), model) for model in EVENTS)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Parlance WebSocket API", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "chat": {
                "address": "/ws/chat",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in [*sent, *told]},
                "bindings": {"ws": {"query": {"type": "object", "properties": _query()}}},
            }
        },
        "operations": {
            "send": _operation("receive", "What you send", sent),
            "hear": _operation("send", "What you are told", told),
        },
        "components": {"messages": sent | told, "schemas": schemas},
    }


def _operation(action: str, title: str, messages: Json) -> Json:
    """AsyncAPI speaks from the server's side: it receives what the client sends."""
    return {
        "action": action,
        "title": title,
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{name}"} for name in messages],
    }


def _sent(
    name: str, title: str, summary: str, model: type[BaseModel] | None, action: str | None, payloads: Payloads
) -> Json:
    payload: Json = payloads[model] if model else {"type": "object"}
    payload.pop("description", None)
    if action:
        payload["properties"] = {"action": {"const": action}, **payload.get("properties", {})}
        payload["required"] = ["action", *payload.get("required", [])]
    return {"name": name, "title": title, "summary": summary, "payload": payload}


def _told(kind: str, model: type[BaseModel], payload: Json) -> Json:
    payload.pop("description", None)
    properties = payload["properties"]
    # The kind comes first to whoever reads it, and the time, which every frame has, after it.
    payload["properties"] = {"event_type": properties.pop("event_type"), **properties}
    return {"name": kind, "title": kind, "summary": inspect.cleandoc(model.__doc__ or ""), "payload": payload}


def _kind(model: type[BaseModel]) -> str:
    (kind,) = get_args(model.model_fields["event_type"].annotation)
    return str(kind)


def _query() -> Json:
    return {name: {"type": "string", "description": about} for name, about in _QUERY.items()}
