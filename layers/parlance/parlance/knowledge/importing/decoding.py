"""Bytes to text, with a plain reason when they are none."""

import codecs

from parlance.knowledge.importing.documents import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 8_192


def decode(data: bytes) -> str:
    """UTF-8, or what a byte order mark announces. Raises UnreadableError."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:_LOOKED_AT]:
        raise UnreadableError("it is a binary file")
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"its text is not {encoding or 'UTF-8'} (byte {error.start})") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def storable(text: str) -> str:
    """Without what a table or an index cannot hold: half characters and NULs."""
    return text.encode(errors="replace").decode().replace("\0", " ")
