"""Where a reply is shown: live on a terminal, or as a whole where standard output goes to a file or a pipe."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from parlance_cli.chat.session import Finished

_TURNS_DIRECTION = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


class Screen(Protocol):
    """What the terminal loop shows while a reply comes in."""

    def show(self, text: str) -> None: ...

    def clear(self) -> None:
        """Take back what was shown of this reply."""
        ...

    def note(self, text: str) -> None:
        """Something about the connection, beside the reply."""
        ...

    def finish(self, reply: Finished) -> None: ...

    def abandon(self) -> None:
        """There will be no more of this reply."""
        ...


class LiveScreen:
    """Writes tokens as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = ""
        self._noted = False

    def show(self, text: str) -> None:
        self._shown += text
        self._write(printable(text))

    def clear(self) -> None:
        rows = rows_of(printable(self._shown), self._console.width)
        if rows < self._console.height and not self._noted:
            self._console.control(_erasure(rows))
        else:
            # What has scrolled away, or stands above a note, cannot be taken back.
            self._new_line()
            self._console.print("The reply starts over:", style="dim")
        self._forget()

    def note(self, text: str) -> None:
        self._new_line()
        self._console.print(text, style="dim", markup=False)
        self._noted = self._noted or bool(self._shown)

    def finish(self, reply: Finished) -> None:
        self._new_line()
        for line in footer(reply):
            self._console.print(Text(line, style="dim"))
        self._write("\n")
        self._forget()

    def abandon(self) -> None:
        self._new_line()
        self._forget()

    def _forget(self) -> None:
        self._shown, self._noted = "", False

    def _new_line(self) -> None:
        if self._shown and not self._shown.endswith("\n"):
            self._write("\n")

    def _write(self, text: str) -> None:
        # Not through the console's own printing, which wraps lines and turns tabs into spaces.
        self._console.file.write(text)
        self._console.file.flush()


class PlainScreen:
    """Writes the reply once it is whole, and nothing else, to standard output."""

    def __init__(self, console: Console, errors: Console) -> None:
        self._console = console
        self._errors = errors

    def show(self, text: str) -> None:
        """What is shown may be taken back later, so it waits."""

    def clear(self) -> None:
        """Nothing was written."""

    def note(self, text: str) -> None:
        self._errors.print(text, markup=False)

    def finish(self, reply: Finished) -> None:
        lines = [reply.content.rstrip("\n"), *footer(reply)]
        self._console.file.write("".join(f"{line}\n" for line in lines))

    def abandon(self) -> None:
        """Nothing was written."""


def footer(reply: Finished) -> list[str]:
    """What is worth knowing of a reply besides its text: sources that it does not name itself, and a stop."""
    names = [name for name in map(_source_name, _sources(reply.metadata)) if name and name not in reply.content]
    lines = [f"Sources: {'; '.join(dict.fromkeys(names))}"] if names else []
    return [*lines, "Stopped."] if reply.stopped else lines


def printable(text: str) -> str:
    """Without the signs that would command the terminal instead of being shown."""
    return "".join("\ufffd" if _commands(sign) else sign for sign in text.replace("\r", ""))


def rows_of(text: str, width: int) -> int:
    """How many rows of a terminal a text takes, the one where the cursor stands included."""
    return sum(max(1, -(-cell_len(line.expandtabs(8)) // width)) for line in text.split("\n"))


def _commands(sign: str) -> bool:
    return sign in _TURNS_DIRECTION or (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t")


def _erasure(rows: int) -> Control:
    above = [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * (rows - 1)
    return Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *above)


def _sources(metadata: Mapping[str, Any]) -> list[Any]:
    sources = metadata.get("sources")
    return sources if isinstance(sources, list) else []


def _source_name(source: object) -> str | None:
    match source:
        case {"source": str(name)}:
            return name
        case str(name):
            return name
    return None
