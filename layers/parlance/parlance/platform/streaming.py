"""Streams of the platform dialect: one JSON text on each line, every line of a type that its clients know."""

from collections.abc import Iterator

from parlance.clock import Clock
from parlance.http.streams import JSONL, Stream
from parlance.platform.answering import Event
from parlance.platform.errors import problem_of
from parlance.platform.rendering import line

_ALIVE = line("token", {"token": ""}).encode()


def event_stream(clock: Clock, events: Iterator[Event], *, idle: bytes = _ALIVE) -> Stream:
    """A failure on the way is the last line.

    An empty line would break one client, so `idle` is a line, too: an empty token, unless another is given.
    """

    def written(event: Event) -> bytes:
        return line(event.type, event.data, createdAt=clock.now()).encode()

    def failed(error: Exception) -> bytes:
        problem = problem_of(error)
        return written(Event("error", {"message": problem.message, "code": problem.code}))

    return Stream(
        media_type=JSONL,
        chunks=map(written, events),
        failed=failed,
        idle=idle,
    )
