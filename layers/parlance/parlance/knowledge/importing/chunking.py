"""Cutting a document into passages of bounded size at its own joints: sections, blocks, lines, sentences, words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parlance.knowledge.datasets import PATH_SEPARATOR
from parlance.knowledge.importing.documents import FENCE, Document, Section, fenced

MAX_PASSAGE = 1_200
"""Characters: about 200 words, enough for an answer and little enough to be about one thing."""

_SMALLEST_LIMIT = 32
_MAX_TITLE = 300
_GAP = "\n\n"
_JOINTS = (re.compile(r"(?<=\n)"), re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can stand alone."""

    title: str
    text: str
    meta: Mapping[str, Any]


def passages(document: Document, limit: int = MAX_PASSAGE) -> Iterator[Passage]:
    """Passages never cross a section; each is at most `limit` characters long."""
    if limit < _SMALLEST_LIMIT:
        raise ValueError(f"limit must be at least {_SMALLEST_LIMIT}")
    for section in document.sections:
        path = section.path if document.title in section.path[:1] else (document.title, *section.path)
        title = PATH_SEPARATOR.join(path)
        for text in _packed(section, limit):
            yield Passage(title[:_MAX_TITLE], text, section.meta)


def _packed(section: Section, limit: int) -> Iterator[str]:
    """As many blocks in one passage as fit; a line that announces the next block goes with it."""
    held: list[str] = []
    for block in section.blocks:
        for piece in _pieces(block, limit):
            if held and _length([*held, piece]) > limit:
                announces = len(held) > 1 and held[-1].endswith(":") and _length([held[-1], piece]) <= limit
                kept = [held.pop()] if announces else []
                yield _GAP.join(held)
                held = kept
            held.append(piece)
    if held:
        yield _GAP.join(held)


def _length(blocks: list[str]) -> int:
    return sum(len(block) for block in blocks) + len(_GAP) * (len(blocks) - 1)


def _pieces(block: str, limit: int) -> Iterator[str]:
    """A block that fits stays whole; code that does not is fenced again piece by piece."""
    if len(block) <= limit:
        yield block
    elif block.startswith(f"{FENCE}\n") and block.endswith(f"\n{FENCE}"):
        body = block[len(FENCE) + 1 : -len(FENCE) - 1]
        for piece in split(body, limit - 2 * (len(FENCE) + 1)):
            yield fenced(piece)
    else:
        yield from split(block, limit)


def split(text: str, limit: int, joint: int = 0) -> Iterator[str]:
    """Cut at the coarsest joint that gives pieces of at most `limit` characters."""
    if len(text) <= limit:
        if text.strip():
            yield text.rstrip()
        return
    if joint == len(_JOINTS):
        for start in range(0, len(text), limit):
            yield text[start : start + limit]
        return
    held = ""
    for part, gap in _parts(text, joint):
        if len(held) + len(part) > limit:
            yield from split(held, limit, joint + 1)
            held = ""
        held += part + gap
    yield from split(held, limit, joint + 1)


def _parts(text: str, joint: int) -> Iterator[tuple[str, str]]:
    """The text between joints, each with the white space that follows it."""
    start = 0
    for match in _JOINTS[joint].finditer(text):
        if match.end() > start:
            yield text[start : match.start()], match[0]
            start = match.end()
    yield text[start:], ""
