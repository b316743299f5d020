"""The widget dialect: what pages call with a widget key, and what operators call."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from parlance.http.routes import Route
from parlance.widget import admin, replies
from parlance.widget.admin import WidgetAdmin
from parlance.widget.bodies import UiMessages, VisitorMessage, VisitorSession
from parlance.widget.calls import WidgetCalls
from parlance.widget.replies import WidgetReplies
from reference import widget_answers as answers
from reference.operations import Body, Description, Dialect, Parameter

_JSON = "application/json"
_ROOT = replies.ROOT
_TURN = f"{_ROOT}/<turn_id>"
_TEXT = {"type": "string"}

_STREAM = Body(
    about="The reply while it is made. NDJSON: `start`, `token` with its `index`, and `done` or `error`; a second "
    "`start` with a higher `attempt` means: start over. With `Accept: text/event-stream`, or a body of the AI SDK: "
    "its UI message stream.",
    content={"application/x-ndjson": _TEXT, "text/event-stream": _TEXT},
)
_KEY = Parameter(
    name="Idempotency-Key",
    where="header",
    about="Sending again under the same key doubles nothing; a failed reply starts its next attempt",
    schema={"type": "string", "minLength": 1, "maxLength": 255},
)


def _json(about: str, model: type[BaseModel]) -> Body:
    return Body(about=about, content={_JSON: [model]})


def _number(name: str, about: str, **schema: int) -> Parameter:
    return Parameter(name=name, where="query", about=about, schema={"type": "integer", **schema})


def _page_routes() -> Sequence[Route[Any, Any]]:
    nobody: Any = None
    streaming = WidgetReplies(nobody, nobody, nobody, nobody, clock=nobody)
    calls = WidgetCalls(nobody, nobody, nobody, nobody, clock=nobody, ids=nobody)
    return [*streaming.routes(), *calls.routes()]


def _admin_routes() -> Sequence[Route[Any, Any]]:
    nobody: Any = None
    return WidgetAdmin(nobody, nobody).routes()


_PAGES_DESCRIBED = {
    ("POST", _ROOT): Description(
        summary="Send a message and get the whole reply",
        about="The history follows the session.",
        sent=[VisitorMessage],
        parameters=[_KEY],
        answers={200: _json("The reply", answers.WidgetReply)},
    ),
    ("POST", f"{_ROOT}/stream"): Description(
        summary="Send a message and stream the reply",
        about="`useChat` of the npm package `ai` connects without custom code.",
        sent=[VisitorMessage, UiMessages],
        parameters=[_KEY],
        answers={200: _STREAM},
    ),
    ("GET", f"{_ROOT}/stream/<session>/stream"): Description(
        summary="Take up the reply that is being made in a session",
        answers={200: _STREAM, 204: Body(about="Nothing is being made")},
    ),
    ("GET", _TURN): Description(
        summary="Resume a reply",
        about="Live or stored, from an index on.",
        parameters=[
            _number("after", "The last index that you have", minimum=-1, default=-1),
            Parameter(name="sessionId", where="query", about="Checked where it is sent", schema=_TEXT),
        ],
        answers={200: _STREAM},
    ),
    ("POST", f"{_TURN}/stop"): Description(
        summary="Stop a reply",
        about="The model call itself ends.",
        sent=[VisitorSession],
        must_send=False,
        answers={204: Body(about="It will end with what it has said so far")},
    ),
    ("POST", f"{_ROOT}/ticket"): Description(
        summary="Get a ticket for the WebSocket",
        sent=[VisitorSession],
        parameters=[_KEY],
        answers={200: _json("The ticket", answers.WidgetTicket)},
    ),
}
_ADMIN_DESCRIBED = {
    ("GET", admin.ROOT): Description(
        summary="List the newest conversations of visitors",
        parameters=[_number("limit", "How many", minimum=1, maximum=200, default=50)],
        answers={200: _json("The conversations", answers.VisitorConversations)},
    ),
    ("GET", f"{admin.ROOT}/<conversation_id>"): Description(
        summary="Read a conversation",
        parameters=[
            _number("offset", "Where the page begins", minimum=0, default=0),
            _number("limit", "How many", minimum=1, maximum=200, default=200),
        ],
        answers={200: _json("The conversation", answers.WholeConversation)},
    ),
}
_ERRORS = {
    400: _json("The payload is not valid, or over 1 MB", answers.WidgetError),
    401: _json("No key, or one that is unknown or revoked", answers.WidgetError),
    404: _json("Nothing of that name under this key", answers.WidgetError),
    429: _json("Too many requests, with `Retry-After`", answers.WidgetError),
    500: _json("The agent or the service failed", answers.WidgetError),
    503: _json("The service is busy, with `Retry-After`", answers.WidgetError),
}

WIDGET = Dialect(
    name="Widget",
    about="Chat for web pages. A widget key is public: bound to one agent, a list of origins, and limits.",
    routes=_page_routes,
    described=_PAGES_DESCRIBED,
    security={
        "WidgetKey": {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "A widget key; `x-widget-api-key` does as well.",
        }
    },
    errors=_ERRORS
    | {
        403: _json("The origin is not allowed", answers.WidgetError),
        409: _json("The idempotency key was used for another message", answers.WidgetError),
    },
)
OPERATORS = Dialect(
    name="Operators",
    about="What visitors have said to widgets, for those who run them.",
    routes=_admin_routes,
    described=_ADMIN_DESCRIBED,
    security={
        "AdminKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "An admin key. It is a secret.",
        }
    },
    errors=_ERRORS,
)
