"""PDF by pypdf: the text of each page. Scanned pages have none."""

import io
import logging
import re

from parlance.knowledge.importing.documents import Document, Section, UnreadableError

_WORD_BREAK = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_PARAGRAPH_END = re.compile(r"(?<=[.:!?])\n(?=[A-Z•\d])")


def read_pdf(data: bytes, name: str) -> Document:
    pages = _page_texts(data)
    sections = [
        Section((f"page {number}",), tuple(_PARAGRAPH_END.split(text)), {"page": number})
        for number, text in enumerate(pages, start=1)
        if text
    ]
    if not sections:
        raise UnreadableError("it has no text; scanned pages would have to be recognised first")
    return Document(name, tuple(sections))


def _page_texts(data: bytes) -> list[str]:
    import pypdf  # noqa: PLC0415 - needed only where documents are imported

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if not reader.is_encrypted or reader.decrypt(""):
            return [_WORD_BREAK.sub("", page.extract_text()).strip() for page in reader.pages]
    # A broken file makes the parser fail in every way there is.
    except Exception as error:
        raise UnreadableError(f"it is a broken PDF ({type(error).__name__})") from error
    raise UnreadableError("it is encrypted")
