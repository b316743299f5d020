"""What the terminal, or the pipe, gets to see."""

import io

import pytest
from rich.console import Console

from parlance_cli.chat.screen import LiveScreen, PlainScreen, printable, rows_of
from parlance_cli.chat.session import Finished


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=24, height=6, color_system=None)


def written(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_tokens_appear_as_they_come(terminal: Console) -> None:
    screen = LiveScreen(terminal)
    screen.show("Be")
    assert written(terminal) == "Be"
    screen.show("cause [b]")
    screen.finish(Finished("Because [b]", {}))
    assert written(terminal) == "Because [b]\n\n"


def test_a_reply_on_the_screen_is_taken_back(terminal: Console) -> None:
    screen = LiveScreen(terminal)
    screen.show("One\nTwo and a half lines of text")
    screen.clear()
    up_and_erase = "\x1b[1A\x1b[2K"
    assert written(terminal).endswith("of text\r\x1b[2K" + up_and_erase * 2)


def test_a_reply_that_scrolled_away_is_begun_below(terminal: Console) -> None:
    screen = LiveScreen(terminal)
    screen.show("line\n" * 10)
    screen.clear()
    screen.show("Again")
    assert written(terminal).endswith("line\nThe reply starts over:\nAgain")


def test_a_reply_above_a_note_is_begun_below(terminal: Console) -> None:
    screen = LiveScreen(terminal)
    screen.show("Be")
    screen.note("Reconnecting.")
    screen.show("cause")
    screen.clear()
    assert written(terminal) == "Be\nReconnecting.\ncause\nThe reply starts over:\n"


def test_commands_to_the_terminal_are_defused(terminal: Console) -> None:
    LiveScreen(terminal).show("\x1b[2Jbad\r\nline\ttab\u202e")
    assert written(terminal) == "\ufffd[2Jbad\nline\ttab\ufffd"
    assert printable("Größe, 你好, 👩\u200d🔬\u00a0!") == "Größe, 你好, 👩\u200d🔬\u00a0!"


@pytest.mark.parametrize(
    ("text", "rows"), [("", 1), ("a", 1), ("a" * 20, 1), ("a" * 21, 2), ("a\n", 2), ("你" * 11, 2), ("a\n\nb", 3)]
)
def test_rows(text: str, rows: int) -> None:
    assert rows_of(text, 20) == rows


def test_sources_that_the_text_does_not_name_are_shown(terminal: Console) -> None:
    sources = [{"source": "a.md"}, {"source": "b.md", "title": "B"}, {"source": "b.md"}, "c.md", {"other": 1}, None]
    LiveScreen(terminal).finish(Finished("See a.md", {"sources": sources, "stopped": True}))
    assert written(terminal) == "Sources: b.md; c.md\nStopped.\n\n"


def test_a_pipe_gets_the_whole_reply_and_nothing_else() -> None:
    out, errors = Console(file=io.StringIO(), width=20), Console(file=io.StringIO(), width=80)
    screen = PlainScreen(out, errors)
    screen.show("Perhaps")
    screen.note("Reconnecting.")
    screen.clear()
    screen.show("Because it is so,\tand has long been")
    screen.finish(Finished("Because it is so,\tand has long been\n", {"sources": "odd"}))
    assert written(out) == "Because it is so,\tand has long been\n"
    assert written(errors) == "Reconnecting.\n"


def test_a_failed_reply_leaves_a_pipe_empty() -> None:
    out = Console(file=io.StringIO())
    screen = PlainScreen(out, out)
    screen.show("Perhaps")
    screen.abandon()
    assert written(out) == ""


def test_the_prompt_after_a_failed_reply_stands_on_its_own_line(terminal: Console) -> None:
    screen = LiveScreen(terminal)
    screen.show("Perh")
    screen.abandon()
    assert written(terminal) == "Perh\n"
