"""The front door in this process, with a scripted function instead of the emulator."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import pytest
import uvicorn

from local.deploy import Deployment
from local.front_door.app import front_door
from local.front_door.invoker import Answer
from local.front_door.limits import RestLimits, WebSocketLimits
from local.run import listening_socket, uvicorn_config
from local.streaming import StreamingRoute

DEPLOYMENT = Deployment(
    endpoint="http://emulator.test",
    rest_api_id="rest1234",
    websocket_api_id="sock1234",
    websocket_function="chats-websocket",
    conversations_table="Conversations",
    identity_table="Identity",
    wakeups_queue_url="http://emulator.test/wakeups",
    sweeps_queue_url="http://emulator.test/sweeps",
    secrets_prefix="parlance/parlance",
    server_public_key="server-public-key",
    vault_key="local:" + "A" * 43 + "=",
    indexing_queue_url="http://emulator.test/indexing",
    snapshots_bucket="snapshots",
)


@dataclass
class ScriptedFunction:
    """Answers by route, after being released where a test holds a route back, and remembers every event."""

    answers: dict[str, Answer] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def invoke(self, event: Mapping[str, Any]) -> Answer:
        route: str = event["requestContext"]["routeKey"]
        self.events.append(dict(event))
        while route in self.held:  # noqa: ASYNC110 - the test that lets go is in another thread
            await asyncio.sleep(0.01)
        return self.answers.get(route, Answer({"statusCode": 200}))

    def of(self, route: str) -> list[dict[str, Any]]:
        """The events of one route."""
        return [event for event in self.events if event["requestContext"]["routeKey"] == route]

    def wait_for(self, route: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of one route, once there are so many."""
        deadline = time.monotonic() + 5
        while len(self.of(route)) < count:
            assert time.monotonic() < deadline, f"{route} was not invoked {count} times: {self.events}"
            time.sleep(0.01)
        return self.of(route)

    def connection_id(self) -> str:
        """The id of the first connection."""
        found: str = self.wait_for("$connect")[0]["requestContext"]["connectionId"]
        return found


@dataclass(frozen=True)
class Door:
    """A running front door."""

    port: int
    function: ScriptedFunction

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/chat"


class OpenDoor(Protocol):
    """Starts a front door for the length of a `with`."""

    def __call__(
        self,
        *,
        websocket_limits: WebSocketLimits | None = None,
        rest_limits: RestLimits | None = None,
        upstream: Callable[[httpx.Request], httpx.Response] | None = None,
        streams: Sequence[StreamingRoute] = (),
    ) -> AbstractContextManager[Door]: ...


@contextmanager
def open_front_door(
    *,
    websocket_limits: WebSocketLimits | None = None,
    rest_limits: RestLimits | None = None,
    upstream: Callable[[httpx.Request], httpx.Response] | None = None,
    streams: Sequence[StreamingRoute] = (),
) -> Iterator[Door]:
    function = ScriptedFunction()
    listener = listening_socket(0)
    client = httpx.AsyncClient(transport=httpx.MockTransport(upstream or (lambda _: httpx.Response(200))))
    app = front_door(
        deployment=DEPLOYMENT,
        client=client,
        invoker=function,
        streams=streams,
        rest_limits=rest_limits,
        websocket_limits=websocket_limits,
    )
    server = uvicorn.Server(uvicorn_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Door(port=listener.getsockname()[1], function=function)
    finally:
        function.held.clear()
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def open_door() -> OpenDoor:
    """For tests that choose the limits or the upstream."""
    return open_front_door


@pytest.fixture
def door() -> Iterator[Door]:
    """A front door with AWS's own limits."""
    with open_front_door() as door:
        yield door
