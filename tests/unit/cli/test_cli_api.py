"""The REST calls of the chat, and the words for what they are refused with."""

import json

import httpx
import pytest

from parlance_cli.chat.api import Chat, ChatsApi, is_loopback
from parlance_cli.errors import CliError, explained

CHAT = {"id": "chat_1", "user_id": "me", "title": "Tea"}


def api(answer: httpx.Response, asked: list[httpx.Request] | None = None) -> ChatsApi:
    def respond(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return answer

    return ChatsApi("http://localhost:8000/", "pk_x", transport=httpx.MockTransport(respond))


def test_a_chat_is_created_with_what_was_named() -> None:
    asked: list[httpx.Request] = []
    calls = api(httpx.Response(201, json=CHAT), asked)
    assert calls.create_chat("me", agent_id="guide", title=None) == Chat("chat_1", "me", "Tea")
    calls.close()
    [request] = asked
    assert (request.method, str(request.url)) == ("POST", "http://localhost:8000/api/v1/chats/")
    assert request.headers["X-API-Key"] == "pk_x"
    assert json.loads(request.content) == {"user_id": "me", "agent_id": "guide"}


def test_a_chat_is_found_by_whatever_id() -> None:
    asked: list[httpx.Request] = []
    api(httpx.Response(200, json=CHAT | {"title": None}), asked).chat("a/b?c")
    assert asked[0].url.raw_path == b"/api/v1/chats/a%2Fb%3Fc"


def test_the_content_of_a_reply() -> None:
    messages = [{"id": "msg_2", "content": "Because"}, {"id": "msg_1", "content": "Why?"}]
    asked: list[httpx.Request] = []
    calls = api(httpx.Response(200, json={"messages": messages}), asked)
    assert calls.content_of("chat_1", "msg_2") == "Because"
    assert dict(asked[0].url.params) == {"order": "desc", "limit": "100"}
    with pytest.raises(CliError, match="no longer"):
        calls.content_of("chat_1", "msg_9")


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            httpx.Response(404, json={"error": {"code": "CHAT_NOT_FOUND", "message": "Chat not found"}}),
            "Chat not found",
        ),
        (httpx.Response(502, text="<html>"), "The server answered with status 502."),
        (httpx.Response(500, json={"message": "Internal server error"}), "The server answered with status 500."),
        (httpx.Response(200, text="hello"), "The server answered with status 200."),
    ],
)
def test_refusals_are_in_clear_words(response: httpx.Response, said: str) -> None:
    with pytest.raises(CliError) as refused:
        api(response).chat("chat_1")
    assert str(refused.value) == said


def test_a_server_that_is_not_there() -> None:
    said = explained(httpx.ConnectError("[Errno 111] Connection refused"))
    assert said is not None
    assert said.message == "The server cannot be reached: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8000", True),
        ("ws://127.0.0.1/ws", True),
        ("http://[::1]:8", True),
        ("https://x.example", False),
        ("https://localhost.example", False),
    ],
)
def test_loopback(url: str, local: bool) -> None:
    assert is_loopback(url) is local
