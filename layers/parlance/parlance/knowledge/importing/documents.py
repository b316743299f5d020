"""What every format is turned into: a document of sections, each of them blocks of text under a heading path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FENCE = "```"
MAX_HEADING = 200
"""A longer heading is text, not a heading."""


class UnreadableError(Exception):
    """The file says nothing that can be imported; the message tells its owner why."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading path and the blocks below it: paragraphs, lists, tables, fenced code."""

    path: tuple[str, ...]
    blocks: tuple[str, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read. `problems` are the parts that had to be left out."""

    title: str
    sections: tuple[Section, ...]
    problems: tuple[str, ...] = ()


def fenced(code: str) -> str:
    """Code as a block of its own that survives as such."""
    return f"{FENCE}\n{code.strip('\n')}\n{FENCE}"


class Outline:
    """Collects headings and blocks in reading order and makes sections of them."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._blocks: list[str] = []
        self._sections: list[Section] = []
        self._title = ""

    def heading(self, level: int, text: str) -> None:
        """Begin a section; a heading of the same or a higher level ends the ones below it."""
        title = " ".join(text.split())
        if not title:
            return
        if len(title) > MAX_HEADING:
            self.block(title)
            return
        self._close(next_level=level)
        opens = not self._sections and not self._path
        self._title = self._title or (title if level == 1 or opens else "")
        self._path = [one for one in self._path if one[0] < level] + [(level, title)]

    def block(self, text: str) -> None:
        if text.strip():
            self._blocks.append(text.strip("\n").rstrip())

    def document(self, name: str, title: str = "") -> Document:
        """Everything collected so far. Its title is what it states, or the heading that it opens with, or its name."""
        self._close(next_level=0)
        return Document(title or self._title or name, tuple(self._sections))

    def _close(self, next_level: int) -> None:
        path = tuple(title for _, title in self._path)
        # A heading with nothing below it is still something the document says.
        says_only_its_heading = bool(self._path) and not self._blocks and next_level <= self._path[-1][0]
        blocks = (path[-1],) if says_only_its_heading else tuple(self._blocks)
        if blocks:
            self._sections.append(Section(path, blocks))
        self._blocks = []
