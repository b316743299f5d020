"""From the thread that makes an answer to the event loop that sends it."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from enum import Enum

from parlance.http.answers import Answer
from parlance.http.streams import Stream

type Head = Answer | Stream

_UNREAD_MAX = 8
_STALL_SECONDS = 60.0


class BrokenOffError(Exception):
    """The answer could not be made to its end. The connection is to end without one, too."""


class _Mark(Enum):
    BROKEN_OFF = "broken off"


class Exchange:
    """One answer on its way: the head first, then its chunks, if it has any, then the end.

    Its maker waits for its sender only where it asks to, and may go on when nobody is left to send to.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, stall_seconds: float = _STALL_SECONDS) -> None:
        self._loop = loop
        self._parts: asyncio.Queue[Head | bytes | _Mark | None] = asyncio.Queue()
        self._room = threading.Semaphore(_UNREAD_MAX)
        self._left = threading.Event()
        self._stall_seconds = stall_seconds

    def put(self, part: Head | bytes) -> None:
        self._hand_over(part)

    def put_when_read(self, part: bytes) -> bool:
        """Waits while too much is unread. False when nobody reads (any more): then the part is dropped."""
        if not self._room.acquire(timeout=self._stall_seconds) or self._left.is_set():
            return False
        self._hand_over(part)
        return True

    def break_off(self) -> None:
        self._hand_over(_Mark.BROKEN_OFF)

    def end(self) -> None:
        self._hand_over(None)

    async def head(self) -> Head | None:
        """None when the maker broke down before it had one."""
        part = await self._parts.get()
        return part if isinstance(part, Answer | Stream) else None

    async def chunks(self, *, idle: bytes, idle_seconds: float) -> AsyncGenerator[bytes]:
        """What is there at the same time is one chunk; where nothing is for so long, `idle`. Raises BrokenOffError."""
        try:
            while True:
                try:
                    async with asyncio.timeout(idle_seconds):
                        parts = [await self._parts.get()]
                except TimeoutError:
                    yield idle
                    continue
                while not self._parts.empty():
                    parts.append(self._parts.get_nowait())
                texts = [part for part in parts if isinstance(part, bytes)]
                if chunk := b"".join(texts):
                    yield chunk
                # What was read is what was sent: whoever reads slowly slows its maker down.
                if texts:
                    self._room.release(len(texts))
                if _Mark.BROKEN_OFF in parts:
                    raise BrokenOffError
                if parts[-1] is None:
                    return
        finally:
            self._left.set()
            self._room.release()

    def _hand_over(self, part: Head | bytes | _Mark | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._parts.put_nowait, part)
        except RuntimeError:
            # The loop is closed: the server has stopped, and the turn is stored all the same.
            return
