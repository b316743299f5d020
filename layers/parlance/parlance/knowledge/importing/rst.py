"""reStructuredText, read as text: underlined headings, literal blocks and the commonest inline marks.

Not a parser of the language: what it does not know stays in the text as it was written.
"""

import re

from parlance.knowledge.importing.decoding import decode
from parlance.knowledge.importing.documents import Document, Outline, fenced

_LINE = re.compile(r"([=\-~^\"'`#*+.:_<>])\1{2,}\s*\Z")
_ROLE = re.compile(r":[a-zA-Z][\w:+.-]*:`~?([^`<]+?)(?:\s*<[^`>]*>)?`")
_LITERAL = re.compile(r"``(.+?)``", re.DOTALL)
_LINK = re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?")
_REFERENCE = re.compile(r"`([^`]+)`__?(?!\w)")
_SUBSTITUTION = re.compile(r"\|[^|\s](?:[^|\n]*[^|\s])?\|(?!\w)_{0,2}")
_CODE_DIRECTIVE = re.compile(r"\.\. (?:code-block|code|sourcecode|parsed-literal|prompt|doctest)::")
_TITLED_DIRECTIVE = re.compile(
    r"\.\. (?:note|warning|tip|important|caution|hint|attention|danger|seealso|admonition"
    r"|topic|function|class|method|attribute|data|module|option|envvar|command)::\s*"
)
_COMMENT = re.compile(r"\.\.(?:\s|\Z)")
_TABLE_RULE = re.compile(r"(?=.*[=-]{3})[-+=|\s]+\Z")
_SET = re.compile(r"\s|[-*+•|:.=>]|\(?\w{1,3}[.)]\s")
_OPTION = re.compile(r":[\w-]+:(?:\s|\Z)")


def read_rst(data: bytes, name: str) -> Document:
    return _Reader(decode(data).expandtabs(4).split("\n")).document(name)


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._levels: list[str] = []
        self._outline = Outline()
        self._literal_follows = False

    def document(self, name: str) -> Document:
        while self._at < len(self._lines):
            if not self._heading():
                self._block()
        return self._outline.document(name)

    def _line(self, offset: int = 0) -> str:
        at = self._at + offset
        return self._lines[at].rstrip() if at < len(self._lines) else ""

    def _heading(self) -> bool:
        """A title above a line of punctuation, perhaps with a line above it as well."""
        over = bool(_LINE.match(self._line())) and self._line(2) == self._line()
        title, rule = (self._line(1), self._line(2)) if over else (self._line(), self._line(1))
        is_heading = _LINE.match(rule) and title.strip() and not _LINE.match(title)
        if not is_heading or len(rule) < len(title.strip()) or (title[0] == " " and not over):
            return False
        style = ("over" if over else "") + rule[0]
        if style not in self._levels:
            self._levels.append(style)
        self._outline.heading(self._levels.index(style) + 1, _plain(title))
        self._at += 3 if over else 2
        return True

    def _block(self) -> None:
        line = self._line()
        if not line.strip() or _LINE.match(line):
            self._at += 1
        elif _CODE_DIRECTIVE.match(line.strip()):
            self._at += 1
            self._skip_options()
            self._literal_follows = True
        elif self._literal_follows and line[0] == " ":
            self._literal_follows = False
            self._outline.block(fenced(_dedented(self._indented())))
        elif _COMMENT.match(line.strip()):
            self._directive(line.strip())
        else:
            self._paragraph()

    def _directive(self, line: str) -> None:
        """The text of notes and definitions stays; targets, images and comments go."""
        titled = _TITLED_DIRECTIVE.match(line)
        self._at += 1
        if titled:
            self._outline.block(_plain(line[titled.end() :]))
            self._skip_options()
        elif "::" in line or not line[2:].strip():
            self._skip_options()
        else:
            while self._line().startswith("   "):
                self._at += 1

    def _skip_options(self) -> None:
        while _OPTION.match(self._line().strip()):
            self._at += 1

    def _paragraph(self) -> None:
        lines: list[str] = []
        while self._line().strip() and not (lines and self._is_heading_ahead()):
            lines.append(self._line())
            self._at += 1
        text = "\n".join(lines)
        self._literal_follows = text.endswith("::")
        if self._literal_follows:
            text = text.removesuffix("::").rstrip() + (":" if text != "::" else "")
        self._outline.block(_unwrapped(_plain(_dedented(text.split("\n"))).split("\n")))

    def _is_heading_ahead(self) -> bool:
        title, rule = self._line(), self._line(1)
        return bool(_LINE.match(rule)) and title[:1] != " " and len(rule) >= len(title) > 0

    def _indented(self) -> list[str]:
        lines = []
        while self._at < len(self._lines) and (not self._line() or self._line()[0] == " "):
            lines.append(self._line())
            self._at += 1
        return lines


def _dedented(lines: list[str]) -> str:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n")


_MARKS = (
    (_ROLE, r"`\1`"),
    (_LITERAL, r"`\1`"),
    (_LINK, r"\1"),
    (_REFERENCE, r"\1"),
    (_SUBSTITUTION, ""),
)


def _plain(text: str) -> str:
    for pattern, replacement in _MARKS:
        text = pattern.sub(replacement, text)
    return text


def _unwrapped(lines: list[str]) -> str:
    """A paragraph on one line; lists and other set text keep their lines, tables lose their drawn ones."""
    if any(_TABLE_RULE.match(line) for line in lines):
        return "\n".join(line.strip("| ") for line in lines if not _TABLE_RULE.match(line))
    return ("\n" if any(_SET.match(line) for line in lines[1:]) else " ").join(lines)
