"""Answers that are written while they come about, and the wire formats that dialects write them in.

NDJSON is one JSON text on each line; an empty line says no more than that the stream is alive. Server-sent events are
those of the WHATWG HTML standard, where a line that begins with a colon says as little.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from parlance.http.requests import Request

NDJSON = "application/x-ndjson"
JSONL = "application/jsonl"
SSE = "text/event-stream"
CSV = "text/csv"
# Proxies are told to pass everything on at once; the last one is nginx's own word for it.
_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Stream:
    """What a streaming route returns instead of an Answer.

    `chunks` is run to its end on a thread of its own, whether or not anybody is left to read it. One that is `paced` is
    run as fast as it is read, and no further than somebody reads. A failure in it is told by `failed`, as the last
    chunk: the status has been sent by then. Where that is None the answer breaks off, so that nobody takes it for
    whole. `idle` is sent while nothing else is.
    """

    media_type: str
    chunks: Iterator[bytes]
    failed: Callable[[Exception], bytes | None]
    idle: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _HEADERS)
    status: int = 200
    paced: bool = False


def ndjson_stream(lines: Iterator[bytes], failed: Callable[[Exception], bytes]) -> Stream:
    """`lines` are JSON texts without line ends, and so is what `failed` makes of a failure."""
    return Stream(
        media_type=f"{NDJSON}; charset=utf-8",
        chunks=(line + b"\n" for line in lines),
        failed=lambda error: failed(error) + b"\n",
        idle=b"\n",
    )


def sse_stream(
    events: Iterator[bytes], failed: Callable[[Exception], bytes], headers: Mapping[str, str] | None = None
) -> Stream:
    """`events` are whole events, as `sse_event` makes them, and so is what `failed` makes of a failure."""
    return Stream(
        media_type=f"{SSE}; charset=utf-8",
        chunks=events,
        failed=failed,
        idle=b": \n\n",
        headers={**_HEADERS, **(headers or {})},
    )


def json_line(value: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8. It holds no line end, as JSON writes those in strings as escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def sse_event(data: bytes) -> bytes:
    """An event with these data, which must hold no line end."""
    return b"data: " + data + b"\n\n"


def wants(request: Request, media_type: str) -> bool:
    """Whether the client names that type in its Accept header; a wildcard does not."""
    for offered in (request.header("accept") or "").split(","):
        name, *parameters = (part.strip().lower() for part in offered.split(";"))
        if name == media_type:
            return not any(
                parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters
            )
    return False
