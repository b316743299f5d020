"""A streaming app as a Lambda handler that answers when all is said: for `sam local invoke`, the emulator and tests."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.http.streams import CSV, JSONL, NDJSON, SSE

if TYPE_CHECKING:
    from mangum.types import LambdaContext
    from starlette.applications import Starlette

type Handler = Callable[[Mapping[str, Any], "LambdaContext"], dict[str, Any]]


def buffered(app: "Starlette") -> Handler:
    def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        # Imported here, since behind the Lambda Web Adapter nobody needs it.
        from mangum import Mangum  # noqa: PLC0415

        answer_by = SystemClock().now() + context.get_remaining_time_in_millis()
        with asyncio.Runner() as runner:
            # Mangum runs on the thread's loop, which it does not make where a loop was there before.
            asyncio.set_event_loop(runner.get_loop())
            mangum = Mangum(app, lifespan="off", text_mime_types=["application/json", NDJSON, JSONL, SSE, CSV])
            try:
                return mangum({**event, "answerBy": answer_by}, context)
            finally:
                asyncio.set_event_loop(None)

    return handler
