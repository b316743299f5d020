"""HTML by Beautiful Soup: the text of the page, without its navigation, under its headings."""

from typing import TYPE_CHECKING, cast

from parlance.knowledge.importing.documents import Document, Outline, UnreadableError, fenced

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOT_TEXT = (
    "title",
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "head",
    "nav",
    "footer",
    "aside",
    "button",
    "select",
)
_ANCHOR_SIGNS = {"#", "¶", "§", "\N{LINK SYMBOL}"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LINES = {"li", "tr", "dt", "dd"}
_BLOCKS = _HEADINGS.keys() | _LINES | {
    "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "fieldset",
    "figcaption", "figure", "form", "header", "hr", "html", "main", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "tfoot", "thead", "ul", "[document]",
}  # fmt: skip


def read_html(data: bytes, name: str) -> Document:
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in data[:8_192]:
        raise UnreadableError("it is a binary file")
    soup = _parsed(data)
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    outline = Outline()
    root = soup.find("main") or soup.find("article") or soup
    _strip(soup)
    _Reader(outline).read(root)
    return outline.document(title or name)


def read_fragment(markup: str, outline: Outline) -> None:
    """A piece of HTML that stands inside another document."""
    soup = _parsed(markup)
    _strip(soup)
    _Reader(outline).read(soup)


def _strip(soup: "BeautifulSoup") -> None:
    """Take out what is no text of the page, and the signs that link a heading to itself."""
    for tag in soup.find_all(_NOT_TEXT):
        tag.decompose()
    for anchor in soup.find_all("a"):
        if anchor.get_text(strip=True) in _ANCHOR_SIGNS:
            anchor.decompose()


def _parsed(markup: str | bytes) -> "BeautifulSoup":
    from bs4 import BeautifulSoup  # noqa: PLC0415 - needed only where documents are imported

    return BeautifulSoup(markup, "html.parser")


class _Reader:
    """Gathers the text that stands in the same innermost block; consecutive list items and rows make one block."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._homes: dict[int, Tag] = {}
        self._home: Tag | None = None
        self._text: list[str] = []
        self._lines: list[str] = []

    def read(self, root: "Tag") -> None:
        from bs4.element import CData, NavigableString, Tag  # noqa: PLC0415 - needed only where documents are imported

        self._homes[id(root)] = root
        for node in root.descendants:
            parent = cast("Tag", node.parent)
            if isinstance(node, Tag):
                self._enter(node, parent)
            elif type(node) in {NavigableString, CData}:
                self._add(str(node), self._homes[id(parent)])
        self._close()
        self._flush()

    def _enter(self, tag: "Tag", parent: "Tag") -> None:
        """Note the block that the tag's text belongs to: parents come first, so no tag looks further than one up."""
        begins = tag.name in _BLOCKS and not (tag.name == "p" and parent.name in _LINES)
        self._homes[id(tag)] = tag if begins else self._homes[id(parent)]
        if tag.name == "br":
            self._text.append("\n")
        elif tag.name in {"td", "th"} and self._home is parent:
            self._text.append(" | ")

    def _add(self, text: str, home: "Tag") -> None:
        if home is not self._home:
            self._close()
            self._home = home
        self._text.append(text if home.name == "pre" else text.replace("\n", " "))

    def _close(self) -> None:
        """Hand on what was gathered in one block."""
        text, self._text = "".join(self._text), []
        name = self._home.name if self._home is not None else ""
        if not text.strip():
            return
        if name in _LINES:
            mark = "- " if name == "li" else ""
            self._lines.append(mark + _spaced(text))
            return
        self._flush()
        if name in _HEADINGS:
            self._outline.heading(_HEADINGS[name], _spaced(text))
        else:
            self._outline.block(fenced(text) if name == "pre" else _spaced(text))

    def _flush(self) -> None:
        self._outline.block("\n".join(self._lines))
        self._lines = []


def _spaced(text: str) -> str:
    """Runs of white space as one space, line breaks that were asked for kept."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
