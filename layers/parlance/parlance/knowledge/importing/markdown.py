"""Markdown by markdown-it: headings, paragraphs, lists, code, tables, and the HTML that people put between them."""

import re
from typing import TYPE_CHECKING

from parlance.knowledge.importing.decoding import decode
from parlance.knowledge.importing.documents import Document, Outline, fenced
from parlance.knowledge.importing.html import read_fragment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)


def read_markdown(data: bytes, name: str) -> Document:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - needed only where documents are imported

    text = decode(data)
    outline = Outline()
    front = _FRONT_MATTER.match(text)
    title = _TITLE.search(front[1]) if front else None
    if front:
        text = text[front.end() :]
    parser = MarkdownIt("commonmark").enable("table")
    _Reader(outline).read(parser.parse(text))
    return outline.document(name, title[1] if title else "")


class _Reader:
    """Walks the tokens; a list or a table becomes one block of lines."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._lines: list[str] = []
        self._bullets: list[str] = []
        self._depth = 0
        self._cells: list[str] | None = None
        self._heading: int | None = None

    def read(self, tokens: "Sequence[Token]") -> None:
        for token in tokens:
            if token.type in {"bullet_list_open", "ordered_list_open", "table_open"}:
                self._depth += 1
            elif token.type in {"bullet_list_close", "ordered_list_close", "table_close"}:
                self._depth -= 1
                self._flush()
            elif token.type == "list_item_open":
                number = f"{token.info}{token.markup}" if token.info else "-"
                self._bullets.append(number)
            elif token.type == "heading_open":
                self._heading = int(token.tag[1:])
            elif token.type == "tr_open":
                self._cells = []
            elif token.type == "tr_close":
                self._close_row()
            else:
                self._text(token)

    def _text(self, token: "Token") -> None:
        if token.type == "inline":
            self._inline(_plain(token))
        elif token.type in {"fence", "code_block"}:
            self._add(fenced(token.content))
        elif token.type == "html_block":
            read_fragment(token.content, self._outline)

    def _inline(self, text: str) -> None:
        if self._cells is not None:
            self._cells.append(text)
        elif self._heading is not None and self._depth == 0:
            self._outline.heading(self._heading, text)
        else:
            self._add(text)
        self._heading = None

    def _close_row(self) -> None:
        if self._cells and any(self._cells):
            self._lines.append(" | ".join(self._cells))
        self._cells = None

    def _add(self, text: str) -> None:
        if self._depth == 0:
            self._outline.block(text)
        elif text.strip():
            bullet = f"{self._bullets.pop()} " if self._bullets else "  "
            self._bullets.clear()
            margin = "  " * (self._depth - 1)
            self._lines += [margin + bullet + text.replace("\n", f"\n{margin}  ")]

    def _flush(self) -> None:
        if self._depth == 0:
            self._outline.block("\n".join(self._lines))
            self._lines = []


def _plain(inline: "Token") -> str:
    """What a reader of the rendered page sees."""
    parts = []
    for token in inline.children or ():
        if token.type == "code_inline":
            parts.append(f"`{token.content}`")
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak":
            parts.append("\n")
        elif token.type == "text":
            parts.append(token.content)
        elif token.type == "html_inline":
            parts.append("\n" if token.content.startswith("<br") else "")
    return "".join(parts).strip()
