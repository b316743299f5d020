"""What every list and every resource of the platform dialect has, described out of its declaration."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from parlance.platform.fields import Resource
from parlance.platform.lists import PAGE_MAX
from parlance.platform.paths import ROOT
from reference.operations import Body, Description, Parameter
from reference.platform_answers import Done, EmptyPage

JSON, JSONL, CSV = "application/json", "application/jsonl", "text/csv"
READING_ERRORS = (400, 401, 403, 404, 429, 500, 503)
_TEXT = {"type": "string"}

PAGING = [
    Parameter(
        name="cursor",
        component="PlatformCursor",
        where="query",
        about="Of the page before; it holds when its item is gone",
        schema={"type": "string", "pattern": "^([0-9]{1,15}[.][A-Za-z0-9_.:-]{1,200})?$"},
    ),
    Parameter(
        name="order",
        component="PlatformOrder",
        where="query",
        about="By time of creation",
        # Others fall back to the default, so they are none that is refused.
        schema={"anyOf": [{"type": "string", "enum": ["asc", "desc"]}, _TEXT]},
    ),
    Parameter(
        name="take",
        component="PlatformTake",
        where="query",
        about=f"How many; at most {PAGE_MAX} on a page, and in all where the list is streamed. `limit` does as well",
        schema={"anyOf": [{"type": "integer", "minimum": 1}, _TEXT]},
    ),
    Parameter(
        name="meta",
        component="PlatformMeta",
        where="query",
        about="Only what has these values in `meta`: `meta[key]=value` or `meta.key=value`",
        schema={"type": "object"},
        style="deepObject",
    ),
]


def done(about: str = "It is done") -> Body:
    return json_body(about, Done)


def json_body(about: str, model: type[BaseModel]) -> Body:
    return Body(about=about, content={JSON: [model]})


@cache
def page_of(resource: Resource) -> type[BaseModel]:
    """A page of a resource's list. Its cursor is empty when nothing is left."""
    item = resource.answer
    name = item.__name__.removesuffix("Item")
    return create_model(f"{name}List", items=(list[item], ...), cursor=(str, ...))  # type: ignore[valid-type]


def listing(summary: str, page: type[BaseModel], *, filters: Sequence[str] = (), exports: bool = False) -> Description:
    """A list, in pages, as lines, and as a table where it is exported."""
    lines = {"type": "string", "description": '`{"type": "item", "data": …}`, one on each line'}
    table = {CSV: {"type": "string", "description": "The first item's fields are the columns"}} if exports else {}
    narrowing = [
        Parameter(name=name, where="query", about="Only of these; several with commas between", schema=_TEXT)
        for name in filters
    ]
    return Description(
        summary=summary,
        about="With `Accept: application/jsonl` all of it, one item on each line."
        + (" With `Accept: text/csv` as a table." if exports else ""),
        parameters=[*PAGING, *narrowing],
        answers={200: Body(about="A page, or all of it", content={JSON: [page], JSONL: lines, **table})},
        errors=READING_ERRORS,
    )


def empty_list(summary: str, *, exports: bool = False) -> Description:
    """A list that never holds anything, whatever is asked for."""
    return replace(listing(summary, EmptyPage, exports=exports), parameters=[])


def life_of(resource: Resource) -> Mapping[tuple[str, str], Description]:
    """The calls that a declaration makes, by method and path."""
    return dict(_life_of(resource))


def _life_of(resource: Resource) -> Iterator[tuple[tuple[str, str], Description]]:
    base = f"{ROOT}/{resource.path.replace('{parent}', '<parent>')}"
    noun = noun_of(resource)
    listed = listing(f"List {noun} resources", page_of(resource), filters=resource.filters)
    must_send = any(one.required for one in resource.fields)
    calls = {
        "create": (
            ("POST", f"{base}/create"),
            Description(
                summary=f"Create {_a(noun)}",
                sent=[resource.creation],
                must_send=must_send,
                answers={200: done("It is made")},
            ),
        ),
        "list": (("GET", f"{base}/list"), listed),
        "fetch": (
            ("GET", f"{base}/<reference>/fetch"),
            Description(
                summary=f"Read {_a(noun)}",
                answers={200: json_body("Fields without a value are left out", resource.answer)},
                errors=READING_ERRORS,
            ),
        ),
        "update": (
            ("POST", f"{base}/<reference>/update"),
            Description(
                summary=f"Change {_a(noun)}",
                about='What is absent stays; `null` and `""` clear. `meta` is replaced, or merged by '
                '`{"$update": {…}}`.',
                sent=[resource.change],
                must_send=False,
                answers={200: done("It is changed")},
            ),
        ),
        "delete": (("POST", f"{base}/<reference>/delete"), action(f"Delete {_a(noun)}", done("It is gone"))),
    }
    yield from (calls[call] for call in resource.calls)
    if resource.exports:
        exported = listing(f"Export {noun} resources", page_of(resource), filters=resource.filters, exports=True)
        yield ("GET", f"{base}/export"), exported


def action(summary: str, *answers: Body, about: str = "", more: Mapping[int, Body] | None = None) -> Description:
    """A call that takes no fields: any JSON object will do."""
    return Description(
        summary=summary,
        about=about,
        sent=ANYTHING,
        must_send=False,
        answers={**({200: answers[0]} if answers else {}), **(more or {})},
    )


ANYTHING: dict[str, Any] = {"type": "object", "description": "Not read"}


def noun_of(resource: Resource) -> str:
    """What people call it: `dataset file`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", resource.kind).lower()


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"
