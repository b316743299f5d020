"""Resources as clients see them: JSON objects, pages, lines and tables."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.http.streams import CSV, JSONL, Stream
from parlance.platform.documents import Document
from parlance.platform.errors import problem_of
from parlance.platform.fields import Resource
from parlance.platform.lists import Listed

# A function's answer may have 6 MB, and its quoting takes some of that.
TEXT_BYTES_MAX = 4_500_000
_BLOCK_BYTES = 64 * 1024


def view(resource: Resource, document: Document) -> dict[str, Any]:
    """What `fetch` answers and lists hold. Fields without a value are left out."""
    shown: dict[str, Any] = {"id": document.id, "createdAt": document.created_at, "updatedAt": document.updated_at}
    for field in resource.fields:
        value = document.values.get(field.name, field.shown)
        if value is None or field.hidden or field.create_only:
            continue
        shown[field.name] = value
        if field.also:
            shown[field.also] = value
    return shown


def page_answer(views: Sequence[Mapping[str, Any]], cursor: str) -> Answer:
    return Answer(200, {"items": list(views), "cursor": cursor})


def listed_answer(resource: Resource, listed: Listed) -> Answer:
    return page_answer([view(resource, document) for document in listed.documents], listed.cursor)


def lines_answer(items: Iterable[Mapping[str, Any]]) -> Answer:
    """A list as lines, in one answer. Raises InvalidInputError when that is more than an answer holds."""
    return Answer(200, text=_held(_lines(items)), content_type=JSONL)


def table_answer(items: Iterable[Mapping[str, Any]]) -> Answer:
    """A list as CSV, in one answer. Raises InvalidInputError as above."""
    return Answer(200, text=_held(_rows(items)), content_type=CSV)


def lines_stream(items: Iterable[Mapping[str, Any]]) -> Stream:
    """A list as lines, of any length. A failure on the way is the last line, of a type that no item has."""

    def failed(error: Exception) -> bytes:
        problem = problem_of(error)
        return line("error", {"message": problem.message, "code": problem.code}).encode()

    return _stream(JSONL, _lines(items), failed)


def table_stream(items: Iterable[Mapping[str, Any]]) -> Stream:
    """A list as CSV, of any length. A failure on the way breaks it off, for a table has no other word for it."""

    def failed(error: Exception) -> None:
        problem_of(error)

    return _stream(CSV, _rows(items), failed)


@dataclass(frozen=True, slots=True)
class Forms[Written]:
    """How a list that is wanted as lines or as a table is written."""

    lines: Callable[[Iterable[Mapping[str, Any]]], Written]
    table: Callable[[Iterable[Mapping[str, Any]]], Written]


WHOLE = Forms(lines_answer, table_answer)
STREAMED = Forms(lines_stream, table_stream)


def line(kind: str, data: Mapping[str, Any], **more: Any) -> str:
    """One line of a stream. In ASCII, because a client may be handed half a character otherwise."""
    return json.dumps({"type": kind, "data": data, **more}, ensure_ascii=True, separators=(",", ":")) + "\n"


def _lines(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One line for each item."""
    return (line("item", item) for item in items)


def _rows(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Rows under the keys of the first item, every value quoted."""
    columns: list[str] | None = None
    for item in items:
        if columns is None:
            columns = list(item)
            yield _row(columns)
        yield _row(_cell(item.get(column)) for column in columns)


def _row(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return written.getvalue()


def _held(texts: Iterable[str]) -> str:
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text.encode())
        if size > TEXT_BYTES_MAX:
            raise InvalidInputError("The list is larger than one answer can hold. Ask for it in pages.")
    return "".join(held)


def _stream(media_type: str, texts: Iterator[str], failed: Callable[[Exception], bytes | None]) -> Stream:
    """The first block is made at once: what fails before it is an answer of its own."""
    blocks = _blocks(texts)
    first = next(blocks, b"")
    return Stream(media_type, chain([first], blocks), failed, idle=b"", paced=True)


def _blocks(texts: Iterator[str]) -> Iterator[bytes]:
    """Several texts together, because each block costs a step of the event loop."""
    held: list[bytes] = []
    size = 0
    for text in texts:
        held.append(text.encode())
        size += len(held[-1])
        if size >= _BLOCK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
