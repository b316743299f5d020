"""Which part of a list is asked for, and cutting it out.

Pages are full although filters leave things out, and a cursor names a place, not an item: it holds when the item that
it was made from is gone.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parlance.errors import InvalidInputError
from parlance.http.requests import Request
from parlance.platform.documents import Document, Position, Slice

PAGE_MAX = 100
_CHUNK = 100
_DIGITS_MAX = 12
_PAGE_BYTES_MAX = 4 * 1024 * 1024
_CURSOR = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_.:-]{1,200})\Z", re.ASCII)
_BRACKETS = re.compile(r"meta\[([^\]]+)\]\Z")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """`take` is None where nothing was asked for. Filters name a field and the values it may have, `meta` one each."""

    after: Position | None = None
    newest_first: bool = True
    take: int | None = None
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)

    def admits(self, document: Document) -> bool:
        values = document.values
        return all(str(values.get(name, "")) in wanted for name, wanted in self.filters.items()) and all(
            _means(_found(values.get("meta"), path), text) for path, text in self.meta.items()
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """One page. `cursor` leads to the next; an empty one says that there is none."""

    documents: Sequence[Document]
    cursor: str


type Reading = Callable[[Position | None, int], Slice]
"""Reads on from a position, up to so many documents."""


def query_of(request: Request, *, filters: Sequence[str] = (), oldest_first: bool = False) -> ListQuery:
    """Read the query string; what makes no sense falls back to the default. Raises InvalidInputError for a cursor."""
    order = request.query("order")
    meta = {name: text for key, text in request.queries.items() if (name := _meta_name(key))}
    narrowed = {name: text.split(",") for name in filters if (text := request.query(name))}
    return ListQuery(
        after=position_of(request.query("cursor")),
        newest_first=order == "desc" or (order != "asc" and not oldest_first),
        take=_take(request.query("take") or request.query("limit")),
        filters=narrowed,
        meta=meta,
    )


def page(read: Reading, query: ListQuery) -> Listed:
    """The page that was asked for; one that would be too large for an answer ends early."""
    wanted = min(query.take or PAGE_MAX, PAGE_MAX)
    found: list[Document] = []
    size = 0
    for document in _admitted(read, query, chunk=_CHUNK if query.filters or query.meta else wanted):
        size += len(json.dumps(dict(document.values)))
        if found and size > _PAGE_BYTES_MAX:
            return Listed(found, cursor_of(found[-1].position))
        found.append(document)
        if len(found) == wanted:
            return Listed(found, cursor_of(document.position))
    return Listed(found, "")


def walk(read: Reading, query: ListQuery) -> Iterator[Document]:
    """Everything from the query's position on; `take` bounds it."""
    for count, document in enumerate(_admitted(read, query, chunk=_CHUNK)):
        if count == query.take:
            return
        yield document


def cursor_of(position: Position) -> str:
    return f"{position.created_at}.{position.id}"


def position_of(cursor: str | None) -> Position | None:
    """Raises InvalidInputError for a text that no list has given out."""
    if not cursor:
        return None
    match = _CURSOR.match(cursor)
    if match is None:
        raise InvalidInputError("cursor: is none that a list gave out")
    return Position(int(match[1]), match[2])


def _admitted(read: Reading, query: ListQuery, *, chunk: int) -> Iterator[Document]:
    place = query.after
    while True:
        found = read(place, chunk)
        yield from filter(query.admits, found.documents)
        if found.end is None:
            return
        place = found.end


def _take(text: str | None) -> int | None:
    if text is None or not re.fullmatch(rf"-?[0-9]{{1,{_DIGITS_MAX}}}", text, re.ASCII):
        return None
    return max(int(text), 1)


def _meta_name(key: str) -> str | None:
    if key.startswith("meta."):
        return key.removeprefix("meta.")
    match = _BRACKETS.match(key)
    return match[1] if match else None


def _found(meta: object, path: str) -> Any:
    """What a name leads to: a key, or keys within keys, for clients flatten objects with dots."""
    if not isinstance(meta, Mapping):
        return None
    if path in meta:
        return meta[path]
    first, dot, rest = path.partition(".")
    return _found(meta.get(first), rest) if dot else None


def _means(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return value == text
    return value is not None and json.dumps(value) == text
