"""Tables and lines of JSON: one section for each row, written as `column: value`."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from parlance.knowledge.importing.decoding import decode
from parlance.knowledge.importing.documents import MAX_HEADING, Document, Section, UnreadableError

_TITLE_COLUMNS = ("title", "heading", "question", "name", "subject", "id")
_ID_COLUMN = "_id"
"""What document stores call the key of a row: nothing that it says, so it is kept beside the text."""

_TEXT_COLUMNS = ("text", "content", "body", "answer", "description")
_MAX_PROBLEMS = 20
_CELL_LIMIT = 10_000_000


def read_csv(data: bytes, name: str) -> Document:
    """The first row names the columns; comma, semicolon, tab and bar separate them."""
    text = decode(data)
    csv.field_size_limit(_CELL_LIMIT)
    rows = csv.DictReader(io.StringIO(text, newline=""), dialect=_dialect(text), restkey="", strict=True)
    sections: list[Section] = []
    try:
        sections.extend(_row_sections(rows))
    except csv.Error as error:
        raise UnreadableError(f"line {rows.reader.line_num} is not CSV: {error}") from error
    return Document(name, tuple(sections))


def _dialect(text: str) -> type[csv.Dialect]:
    class Found(csv.excel):
        delimiter = max(",;\t|", key=text.split("\n", 1)[0].count)

    return Found


def _row_sections(rows: Iterable[dict[str, Any]]) -> Iterator[Section]:
    for number, row in enumerate(rows, start=1):
        rest = row.pop("", None)
        extra = {"": ", ".join(rest) if isinstance(rest, list) else rest} if rest else {}
        section = _section({key: value for key, value in row.items() if value} | extra, "row", number)
        if section:
            yield section


def read_jsonl(data: bytes, name: str) -> Document:
    """Each line an object or a string. A line that is neither is named and left out."""
    sections, problems = [], []
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(f"line {number} is not JSON ({_reason(error)})")
            continue
        section = _section(value if isinstance(value, dict) else {"text": value}, "line", number)
        if section:
            sections.append(section)
    if problems and not sections:
        raise UnreadableError(problems[0])
    return Document(name, tuple(sections), _shortened(problems))


def _reason(error: Exception) -> str:
    return f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep or too long"


def _shortened(problems: list[str]) -> tuple[str, ...]:
    left_out = len(problems) - _MAX_PROBLEMS
    return (*problems[:_MAX_PROBLEMS], *([f"and {left_out} lines more"] if left_out > 0 else []))


def _section(row: Mapping[str, Any], unit: str, number: int) -> Section | None:
    """The row under its own title, if a column looks like one; a lone text column goes without its name."""
    values = {key: text for key, value in row.items() if (text := _text(value))}
    identity = {"id": values[_ID_COLUMN]} if _ID_COLUMN in values else {}
    if identity and len(values) > 1:
        del values[_ID_COLUMN]
    named = {key.strip().lower(): key for key in values}
    title_key = next((named[one] for one in _TITLE_COLUMNS if one in named), None)
    title = values[title_key] if title_key else ""
    if title_key and len(title) <= MAX_HEADING and "\n" not in title and len(values) > 1:
        del values[title_key]
    else:
        title = f"{unit} {number}"
    if not values:
        return None
    return Section((title,), (_written(values),), {unit: number} | identity)


def _written(values: Mapping[str, str]) -> str:
    if len(values) == 1:
        key, text = next(iter(values.items()))
        if key.strip().lower() in _TEXT_COLUMNS:
            return text
    return "\n".join(f"{key}: {text}" if key else text for key, text in values.items())


def _text(value: Any) -> str:
    if value is None or value == {}:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
