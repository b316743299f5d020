"""Resources as clients see them: JSON objects, pages, lines and tables."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.platform.documents import Document
from parlance.platform.fields import Resource
from parlance.platform.lists import Listed

# A function's answer may have 6 MB, and its quoting takes some of that.
TEXT_BYTES_MAX = 4_500_000


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
    """A list as a stream: one line for each item. Raises InvalidInputError when that is more than an answer holds."""
    lines: list[str] = []
    size = 0
    for item in items:
        lines.append(line("item", item))
        size += len(lines[-1])
        if size > TEXT_BYTES_MAX:
            raise InvalidInputError("The list is larger than one answer can hold. Ask for it in pages.")
    return Answer(200, text="".join(lines), content_type="application/jsonl")


def line(kind: str, data: Mapping[str, Any], **more: Any) -> str:
    """One line of a stream. In ASCII, because a client may be handed half a character otherwise."""
    return json.dumps({"type": kind, "data": data, **more}, ensure_ascii=True, separators=(",", ":")) + "\n"


def table_answer(items: Iterable[Mapping[str, Any]]) -> Answer:
    """A list as CSV under the keys of its first item, every value quoted. Raises InvalidInputError as above."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    columns: list[str] | None = None
    for item in items:
        if columns is None:
            columns = list(item)
            writer.writerow(columns)
        writer.writerow([_cell(item.get(column)) for column in columns])
        if written.tell() > TEXT_BYTES_MAX:
            raise InvalidInputError("The list is larger than one answer can hold. Ask for it in pages.")
    return Answer(200, text=written.getvalue(), content_type="text/csv")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
