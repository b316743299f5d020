"""What commands print: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parlance.clock import iso

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

type Row = Mapping[str, Any]

_UNBOUNDED = 10_000
_UNBROKEN = frozenset({"id", "created_at", "updated_at", "revoked_at"})
_TO_THE_MINUTE = len("2026-01-01T00:00")


def console() -> Console:
    """Made per use, so that it writes where standard output points at that moment."""
    return Console(highlight=False, soft_wrap=True)


def page() -> Console:
    """For what is laid out in lines: as wide as the terminal, and without bounds where there is none."""
    wide = Console(highlight=False)
    return wide if wide.is_terminal else Console(highlight=False, width=_UNBOUNDED)


def error_console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    console().out(json.dumps(value, indent=2, ensure_ascii=False, default=str), highlight=False)


def print_line(text: str) -> None:
    console().print(text, markup=False)


def print_rows(rows: Sequence[Row], *, columns: Sequence[str], empty: str, as_json: bool) -> None:
    """`columns` are the fields that the table shows; JSON has them all."""
    if as_json:
        print_json(rows)
    elif rows:
        page().print(_table(rows, columns))
    else:
        print_line(empty)


def print_created(row: Row, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        print_line(sentence)


def print_issued(row: Row, field: str, secret: str, sentence: str, *, as_json: bool) -> None:
    """What is shown this once: in JSON under `field`, else alone on standard output, so that it can be captured."""
    if as_json:
        print_json({**row, field: secret})
        return
    error_console().print(f"{sentence} It will not be shown again.", markup=False)
    print_line(secret)


def time_of(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else iso(milliseconds)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # An id that is broken in two is of no use to anybody.
        table.add_column(column.replace("_", " ").upper(), overflow="fold", no_wrap=column in _UNBROKEN)
    for row in rows:
        table.add_row(*(_cell(column, row.get(column)) for column in columns))
    return table


def _cell(column: str, value: object) -> Text:
    if value is None or value == "":
        return Text("-", style="dim")
    text = str(value)
    return Text(text[:_TO_THE_MINUTE].replace("T", " ") if column.endswith("_at") else text)
