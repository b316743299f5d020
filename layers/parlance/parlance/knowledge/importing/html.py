"""HTML by Beautiful Soup: the text of the page, without its navigation, under its headings."""

from typing import TYPE_CHECKING

from parlance.knowledge.importing.documents import Document, Outline, UnreadableError, fenced

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

_NOT_TEXT = ("script", "style", "noscript", "template", "svg", "head", "nav", "footer", "aside", "button", "select")
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
        self._home: Tag | None = None
        self._text: list[str] = []
        self._lines: list[str] = []

    def read(self, root: "Tag") -> None:
        from bs4.element import CData, NavigableString, Tag  # noqa: PLC0415 - needed only where documents are imported

        for node in root.descendants:
            if isinstance(node, Tag):
                if node.name == "br":
                    self._text.append("\n")
                elif node.name in {"td", "th"} and "".join(self._text).strip():
                    self._text.append(" | ")
            elif type(node) in {NavigableString, CData}:
                home = _block_around(node)
                if home is not self._home:
                    self._close()
                    self._home = home
                preformatted = home is not None and home.name == "pre"
                self._text.append(str(node) if preformatted else str(node).replace("\n", " "))
        self._close()
        self._flush()

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


def _block_around(node: "PageElement") -> "Tag | None":
    parent = node.parent
    while parent is not None and parent.name not in _BLOCKS:
        parent = parent.parent
    if parent is not None and parent.name == "p" and parent.parent is not None and parent.parent.name in _LINES:
        return parent.parent
    return parent


def _spaced(text: str) -> str:
    """Runs of white space as one space, line breaks that were asked for kept."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n") if line.strip())
