"""Wire formats of streams, and who asks for them."""

import json

import pytest

from parlance.http.requests import Request
from parlance.http.streams import NDJSON, SSE, json_line, sse_event, wants


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/*", False),
        ("application/json", False),
        ("application/x-ndjson", True),
        ("Application/X-NDJSON; charset=utf-8", True),
        ("application/json, application/x-ndjson;q=0.5", True),
        ("application/x-ndjson; q=0", False),
        ("application/x-ndjson;q=0.000, */*", False),
        (",;,", False),
    ],
)
def test_a_type_is_wanted_when_it_is_named(accept: str | None, wanted: bool) -> None:
    assert wants(Request({"headers": {} if accept is None else {"ACCEPT": accept}}), NDJSON) is wanted
    assert not wants(Request({"headers": {"accept": accept or ""}}), SSE)


@pytest.mark.parametrize("text", ["a\nb\r\nc\u2028d", "é€😀", "\ud800", '"\\', "\x00"])
def test_a_line_is_one_line_whatever_it_says(text: str) -> None:
    line = json_line({"text": text})
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line)["text"] == text.replace("\ud800", "?")
    assert sse_event(line) == b"data: " + line + b"\n\n"
