"""Server-sent events, as much of them as model servers use: the data of each event, however the bytes come cut.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterable, Iterator

from parlance.agents.models.base import ModelBrokenError

_LINE_MAX = 1024 * 1024


def event_data(pieces: Iterable[bytes]) -> Iterator[str]:
    """Data lines of one event are joined by a line feed; comments and other fields are passed over.

    Raises ModelBrokenError for a line over 1 MiB and for text that is not UTF-8.
    """
    data: list[str] = []
    for line in _lines(pieces):
        if not line:
            if data:
                yield "\n".join(data)
            data = []
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
    if data:
        yield "\n".join(data)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield _text(line)
        if len(rest) > _LINE_MAX:
            raise ModelBrokenError("a line of the stream has no end")
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise ModelBrokenError("the stream is not UTF-8") from error
