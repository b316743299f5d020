"""Streams of the platform dialect: one JSON text on each line, every line of a type that its clients know."""

from collections.abc import Iterator

from parlance.clock import Clock
from parlance.http.streams import JSONL, Stream
from parlance.platform.answering import Event
from parlance.platform.errors import problem_of
from parlance.platform.rendering import line


def event_stream(clock: Clock, events: Iterator[Event]) -> Stream:
    """A failure on the way is the last line.

    An empty token says that the stream is alive, because an empty line breaks one client.
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
        idle=line("token", {"token": ""}).encode(),
    )
