"""From a model's text deltas to the tokens that listeners see: the first at once, then a few a second."""

from collections.abc import Callable, Iterator

from parlance.clock import Clock
from parlance.conversations.timing import Timing


class Tokenizer:
    """Gathers text and emits it in tokens of at most `chunk_bytes` UTF-8 bytes, one every `chunk_every` seconds."""

    def __init__(self, emit: Callable[[str], None], *, clock: Clock, timing: Timing) -> None:
        self._emit = emit
        self._clock = clock
        self._timing = timing
        self._pending = ""
        self._pending_bytes = 0
        self._room = timing.reply_bytes_max
        self._emitted_at = float("-inf")

    def add(self, text: str) -> bool:
        """Take more text. False when the reply has become as long as one may be: what is over is left out."""
        kept = _prefix(text, self._room)
        self._pending += kept
        self._pending_bytes += len(kept.encode())
        self._room = self._room - len(kept.encode()) if len(kept) == len(text) else 0
        self.flush_if_due()
        return self._room > 0

    def flush_if_due(self) -> None:
        due = self._clock.monotonic() >= self._emitted_at + self._timing.chunk_every
        if self._pending and (due or self._pending_bytes >= self._timing.chunk_bytes):
            self.flush()

    def flush(self) -> None:
        if not self._pending:
            return
        for piece in _pieces(self._pending, self._timing.chunk_bytes):
            self._emit(piece)
        self._pending, self._pending_bytes = "", 0
        self._emitted_at = self._clock.monotonic()


def _pieces(text: str, size: int) -> Iterator[str]:
    while text:
        piece = _prefix(text, size)
        yield piece
        text = text[len(piece) :]


def _prefix(text: str, size: int) -> str:
    """The longest prefix of at most `size` UTF-8 bytes that ends between characters.

    A lone surrogate has no UTF-8 form, so nothing could store it: it becomes a question mark.
    """
    return text.encode(errors="replace")[:size].decode(errors="ignore")
