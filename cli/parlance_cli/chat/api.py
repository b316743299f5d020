"""The REST calls that a chat in the terminal needs."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from parlance_cli.errors import CliError

_PAGE = 100
_TIMEOUT = httpx.Timeout(35, connect=10)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat, as far as the terminal needs to know it."""

    id: str
    user_id: str
    title: str


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own: no proxy must come between."""
    return urlsplit(url).hostname in _LOOPBACK


class ChatsApi:
    """The chats of one tenant. A refusal becomes a CliError in the server's words."""

    def __init__(self, base_url: str, api_key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=base_url.rstrip("/"),
            headers={"X-API-Key": api_key},
            timeout=_TIMEOUT,
            trust_env=not is_loopback(base_url),
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def create_chat(self, user_id: str, *, agent_id: str | None, title: str | None) -> Chat:
        wanted = {"user_id": user_id, "agent_id": agent_id, "title": title}
        body = {name: value for name, value in wanted.items() if value is not None}
        return _chat(self._call("POST", "/api/v1/chats/", json=body))

    def chat(self, chat_id: str) -> Chat:
        return _chat(self._call("GET", f"/api/v1/chats/{quote(chat_id, safe='')}"))

    def content_of(self, chat_id: str, message_id: str) -> str:
        """The text of one of the newest messages."""
        path = f"/api/v1/chats/{quote(chat_id, safe='')}/messages"
        page = self._call("GET", path, params={"order": "desc", "limit": _PAGE})
        for message in page["messages"]:
            if message["id"] == message_id:
                return str(message["content"])
        raise CliError("The reply is no longer in the chat.")

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        response = self._client.request(method, path, **arguments)
        body = _json(response)
        if response.is_success and isinstance(body, dict):
            return body
        raise CliError(_refusal(response.status_code, body))


def _chat(body: dict[str, Any]) -> Chat:
    return Chat(id=body["id"], user_id=body["user_id"], title=body.get("title") or "")


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _refusal(status: int, body: object) -> str:
    match body:
        case {"error": {"message": str(message)}} if message:
            return message
    return f"The server answered with status {status}."
