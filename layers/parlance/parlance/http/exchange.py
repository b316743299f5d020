"""From the thread that makes an answer to the event loop that sends it."""

import asyncio
from collections.abc import AsyncIterator

from parlance.http.answers import Answer
from parlance.http.streams import Stream

type Head = Answer | Stream


class Exchange:
    """One answer on its way: the head first, then its chunks, if it has any, then the end.

    Its maker never waits for its sender, and may go on when nobody is left to send to.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parts: asyncio.Queue[Head | bytes | None] = asyncio.Queue()

    def put(self, part: Head | bytes) -> None:
        self._hand_over(part)

    def end(self) -> None:
        self._hand_over(None)

    async def head(self) -> Head | None:
        """None when the maker broke down before it had one."""
        part = await self._parts.get()
        return None if isinstance(part, bytes) else part

    async def chunks(self, *, idle: bytes, idle_seconds: float) -> AsyncIterator[bytes]:
        """What is there at the same time is one chunk; where nothing is for so long, `idle`."""
        while True:
            try:
                async with asyncio.timeout(idle_seconds):
                    parts = [await self._parts.get()]
            except TimeoutError:
                yield idle
                continue
            while not self._parts.empty():
                parts.append(self._parts.get_nowait())
            if chunk := b"".join(part for part in parts if isinstance(part, bytes)):
                yield chunk
            if parts[-1] is None:
                return

    def _hand_over(self, part: Head | bytes | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._parts.put_nowait, part)
        except RuntimeError:
            # The loop is closed: the server has stopped, and the turn is stored all the same.
            return
