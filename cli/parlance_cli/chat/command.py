"""The command itself: from options to a conversation."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer
from rich.console import Console

from parlance.clock import SystemClock
from parlance_cli.chat.api import Chat, ChatsApi
from parlance_cli.chat.connection import LostError, WebSocketConnector
from parlance_cli.chat.conversation import Conversation
from parlance_cli.chat.screen import LiveScreen, PlainScreen, Screen
from parlance_cli.chat.target import Target, target_of
from parlance_cli.chat.terminal import ask_once, talk
from parlance_cli.errors import LocalCloudNotRunningError
from parlance_cli.output import console, error_console
from parlance_cli.place import place_of


def chat(
    context: typer.Context,
    chat_id: Annotated[str | None, typer.Option("--chat", metavar="ID", help="Go on with this chat.")] = None,
    once: Annotated[str | None, typer.Option(metavar="QUESTION", help="Ask this, print the answer and leave.")] = None,
    agent: Annotated[str | None, typer.Option(metavar="ID", help="Who answers in a new chat.")] = None,
    user: Annotated[str, typer.Option(metavar="ID", help="Whose chat a new one is.")] = "terminal",
    title: Annotated[str | None, typer.Option(help="What to call a new chat.")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="PARLANCE_API_KEY", help="The tenant's key; the demo tenant's by default.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(envvar="PARLANCE_BASE_URL", help="Where the REST API is.")] = None,
    websocket_url: Annotated[
        str | None, typer.Option(envvar="PARLANCE_WEBSOCKET_URL", help="Where the WebSocket API is.")
    ] = None,
) -> None:
    """Chat with an agent.

    Ctrl-C stops a reply; at the prompt it leaves. A question may also come through a pipe.
    """
    target = target_of(place_of(context), api_key=api_key, base_url=base_url, websocket_url=websocket_url)
    interactive = once is None and sys.stdin.isatty() and sys.stdout.isatty()
    content = None if interactive else once if once is not None else _piped()
    with _conversation(target, chat_id, agent=agent, user=user, title=title) as (conversation, found):
        if content is None:
            _talk(conversation, found)
        else:
            ask_once(conversation, content)


@contextmanager
def _conversation(
    target: Target, chat_id: str | None, *, agent: str | None, user: str, title: str | None
) -> Iterator[tuple[Conversation, Chat]]:
    api = ChatsApi(target.base_url, target.api_key)
    try:
        found = api.chat(chat_id) if chat_id else api.create_chat(user, agent_id=agent, title=title)
    except httpx.ConnectError as error:
        api.close()
        if target.local:
            raise LocalCloudNotRunningError from error
        raise

    def fetch(message_id: str) -> str:
        try:
            return api.content_of(found.id, message_id)
        except httpx.HTTPError as error:
            raise LostError("the server does not answer") from error

    connector = WebSocketConnector(target.websocket_url, target.api_key, found)
    conversation = Conversation(connector, _screen(), fetch, clock=SystemClock())
    try:
        conversation.open()
        yield conversation, found
    finally:
        conversation.close()
        api.close()


def _talk(conversation: Conversation, found: Chat) -> None:
    out = console()
    out.print(f"{found.title or found.id}", style="bold", markup=False)
    out.print("Ctrl-C stops a reply; at the prompt it leaves.", style="dim")
    try:
        talk(conversation, error_console())
    finally:
        out.print(f"\nGo on with this chat: parlance chat --chat {found.id}", style="dim", markup=False)


def _screen() -> Screen:
    if sys.stdout.isatty():
        return LiveScreen(Console(highlight=False))
    return PlainScreen(console(), error_console())


def _piped() -> str:
    return typer.get_binary_stream("stdin").read().decode(errors="replace").strip()
