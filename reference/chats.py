"""The chats dialect over HTTP."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from parlance.chats.gate import ROOT
from parlance.chats.messages import ChatMessages
from parlance.chats.models import NewChat, SentMessage
from parlance.chats.rest import ChatsRest
from parlance.http.pages import LIMIT_MAX
from parlance.http.routes import Route
from reference import answers
from reference.operations import Body, Description, Dialect, Parameter

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_CHAT = f"{ROOT}/<chat_id>"

_KEY = Parameter(
    name="Idempotency-Key",
    where="header",
    about="The same key with the same body gives the first answer again, for 24 hours",
    schema={"type": "string", "minLength": 1, "maxLength": 255},
)


def _page(order: str) -> list[Parameter]:
    return [
        Parameter(name="offset", where="query", about="Where the page begins", schema=_number(0, 0)),
        Parameter(name="limit", where="query", about="How many", schema=_number(50, 1) | {"maximum": LIMIT_MAX}),
        Parameter(
            name="order",
            where="query",
            about="By time",
            schema={"type": "string", "enum": ["asc", "desc"], "default": order},
        ),
    ]


def _number(default: int, least: int) -> dict[str, Any]:
    return {"type": "integer", "default": default, "minimum": least}


def _json(about: str, model: type[BaseModel]) -> Body:
    return Body(about=about, content={_JSON: [model]})


def _routes() -> Sequence[Route[Any, Any]]:
    """The tables hold no more than names here: nobody will call them, so they get none of their collaborators."""
    nobody: Any = None
    rest = ChatsRest(nobody, nobody, nobody, nobody, clock=nobody)
    return [*rest.routes(), *ChatMessages(nobody, clock=nobody).routes()]


_DESCRIBED = {
    ("POST", ROOT): Description(
        summary="Begin a chat",
        about="The user is created when new. Without an `agent_id` the tenant's agent `default` answers.",
        sent=[NewChat],
        parameters=[_KEY],
        answers={201: _json("The chat", answers.Chat)},
    ),
    ("GET", f"{ROOT}/user/.+"): Description(
        summary="List the chats of a user",
        path=f"{ROOT}/user/{{user_id}}",
        parameters=_page("desc"),
        answers={200: _json("A page of chats", answers.ChatPage)},
    ),
    ("GET", _CHAT): Description(summary="Read a chat", answers={200: _json("The chat", answers.Chat)}),
    ("DELETE", _CHAT): Description(
        summary="Delete a chat and its messages",
        about="Gone for everybody at once and for good.",
        answers={204: Body(about="It is gone")},
    ),
    ("GET", f"{_CHAT}/messages"): Description(
        summary="Read the messages of a chat",
        about="A page may be shorter than its limit, so go on while `has_more` is true. Deep pages cost no more.",
        parameters=_page("asc"),
        answers={200: _json("A page of messages", answers.MessagePage)},
    ),
    ("POST", f"{_CHAT}/messages"): Description(
        summary="Send a message and get the reply",
        about="As JSON when it is complete, or with `Accept: application/x-ndjson` as the events of the WebSocket "
        "while it is made, one on each line. An empty line says that the stream is alive. Leaving does not end the "
        "reply.",
        sent=[SentMessage],
        parameters=[_KEY],
        answers={
            200: Body(
                about="The reply, or its events",
                content={
                    _JSON: [answers.Message],
                    _NDJSON: {"type": "string", "description": "Events, one on each line"},
                },
            ),
            402: _json("`BUDGET_EXCEEDED`: what may be spent is spent", answers.Error),
            502: _json("`AGENT_ERROR`: the agent could not answer", answers.Error),
            504: _json("`AGENT_TIMEOUT`: the agent took too long", answers.Error),
        },
    ),
    ("GET", f"{_CHAT}/turns/<turn_id>"): Description(
        summary="See how a turn stands", answers={200: _json("The turn", answers.Turn)}
    ),
    ("POST", f"{_CHAT}/turns/<turn_id>/stop"): Description(
        summary="Stop a reply",
        about="The model call itself ends, and the reply is what it has said so far. Stopping twice is stopping once.",
        parameters=[_KEY],
        answers={200: _json("The turn", answers.Turn)},
    ),
    ("POST", f"{_CHAT}/tickets"): Description(
        summary="Get a ticket for the WebSocket",
        about="What a browser may hold instead of the tenant's key: good for a minute, once, for this chat alone.",
        parameters=[_KEY],
        answers={200: _json("The ticket", answers.Ticket)},
    ),
}

CHATS = Dialect(
    name="Chats",
    about="Real-time chats between the users of a tenant and an agent. Paths work with and without a trailing slash.",
    routes=_routes,
    described=_DESCRIBED,
    security={
        "TenantKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The key of a tenant. It must never reach a browser; a ticket may.",
        }
    },
    errors={
        400: _json("`MISSING_PARAMETER` or `INVALID_PARAMETER`", answers.Error),
        401: _json("`INVALID_API_KEY`", answers.Error),
        404: _json(
            "`CHAT_NOT_FOUND`, `USER_NOT_FOUND`, `TURN_NOT_FOUND` or `AGENT_NOT_FOUND`: nothing of that name, or "
            "another tenant's",
            answers.Error,
        ),
        409: _json("`CONFLICT`: the idempotency key was used for something else", answers.Error),
        413: _json("`PAYLOAD_TOO_LARGE`", answers.Error),
        429: _json("`RATE_LIMITED`, with `Retry-After`", answers.Error),
        500: _json("`INTERNAL_ERROR`, with an `error_id` that the log has too", answers.Error),
        503: _json("`UNAVAILABLE`, with `Retry-After`", answers.Error),
    },
)
