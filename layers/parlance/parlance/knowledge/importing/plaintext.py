"""Plain text: blocks are what stands between empty lines."""

import re

from parlance.knowledge.importing.decoding import decode
from parlance.knowledge.importing.documents import Document, Outline

_GAP = re.compile(r"\n[ \t\f]*(?:\n[ \t\f]*)+")


def read_text(data: bytes, name: str) -> Document:
    outline = Outline()
    for block in _GAP.split(decode(data)):
        outline.block(block)
    return outline.document(name)
