"""The person at the terminal: prompt, Ctrl-C, and questions that come through a pipe."""

import contextlib
import signal
from types import FrameType
from typing import Self

import typer
from rich.console import Console

from parlance.chats.models import CONTENT_BYTES_MAX
from parlance_cli.chat.conversation import Conversation
from parlance_cli.chat.session import Failed, Finished
from parlance_cli.errors import CliError

_PROMPT = "> "
_INTERRUPTED = 130


class Interruption:
    """While it is entered, the first Ctrl-C is a request to stop the reply; the second is the usual interrupt."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def ask_once(conversation: Conversation, content: str) -> None:
    """One question and its reply. Raises CliError when there is none, Exit when the reply was stopped."""
    with Interruption() as interruption:
        outcome = conversation.ask(checked(content), interruption)
    match outcome:
        case Failed(message=message):
            raise CliError(message)
        case Finished(stopped=True):
            raise typer.Exit(_INTERRUPTED)


def talk(conversation: Conversation, console: Console) -> None:
    """Prompt after prompt, until Ctrl-C or the end of input."""
    # Line editing and history at the prompt, where Python was built with it.
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401, PLC0415
    while (content := _prompt()) is not None:
        if content.strip():
            _reply(conversation, content, console)


def checked(content: str) -> str:
    """Raises CliError for what no chat takes: the server ends a connection over a frame that is too large."""
    if not content.strip():
        raise CliError("There is no question.")
    if len(content.encode(errors="replace")) > CONTENT_BYTES_MAX:
        raise CliError(f"The message is longer than {CONTENT_BYTES_MAX} bytes.")
    return content


def _reply(conversation: Conversation, content: str, console: Console) -> None:
    try:
        checked(content)
    except CliError as error:
        console.print(error.message, style="red", markup=False)
        return
    with Interruption() as interruption:
        outcome = conversation.ask(content, interruption)
    if isinstance(outcome, Failed):
        console.print(outcome.message, style="red", markup=False)


def _prompt() -> str | None:
    try:
        return input(_PROMPT)
    except (EOFError, KeyboardInterrupt):
        return None
