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


def console() -> Console:
    """Made per use, so that it writes where standard output points at that moment."""
    return Console(highlight=False, soft_wrap=True)


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
        Console(highlight=False).print(_table(rows, columns))
    else:
        print_line(empty)


def print_created(row: Row, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        print_line(sentence)


def time_of(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else iso(milliseconds)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        # An id that is cut off is of no use to anybody.
        table.add_column(column.replace("_", " ").upper(), overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    return table


def _cell(value: object) -> Text:
    return Text("-", style="dim") if value is None or value == "" else Text(str(value))
