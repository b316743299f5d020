"""Functions that stream: found in the template, run as servers, reached through the front door, byte by byte."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from local.errors import LocalCloudError
from local.settings import ROOT
from local.streaming import (
    FunctionEnvironments,
    StreamingFunction,
    StreamingRoute,
    StreamingServers,
    streaming_functions,
)
from tests.local.conftest import OpenDoor
from tests.local.test_emulator import runs

pytestmark = pytest.mark.anyio

APP = r"""
import asyncio, json, os
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

async def ready(_): return Response(status_code=204)
async def die(_): os._exit(7)
async def told(request):
    scope = request.scope
    return JSONResponse({
        "pid": os.getpid(), "names": [name.decode() for name, _ in scope["headers"]], "told": os.environ["TOLD"],
        "context": json.loads(request.headers["x-amzn-request-context"]), "path": scope["raw_path"].decode(),
        "query": request.url.query, "body": (await request.body()).decode()})
async def drip(request):
    async def drops():
        for number in range(50):
            yield f"{number}\n"
            await asyncio.sleep(0.1)
    return StreamingResponse(drops(), media_type="application/x-ndjson", headers={"RateLimit": "r"})

app = Starlette(routes=[Route("/_ready", ready), Route("/api/v1/die", die, methods=["POST"]),
    Route("/api/v1/drip", drip, methods=["POST"]), Route("/api/v1/{rest:path}", told, methods=["POST"])])
"""


class Environments(FunctionEnvironments):
    """What a deployment would say."""

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        self._more = dict(more or {})

    def of(self, function: StreamingFunction) -> dict[str, str]:
        paths = ":".join(str(layer) for layer in function.layers)
        return dict(os.environ) | {"PYTHONPATH": paths, "TOLD": function.name} | self._more


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def function_in(folder: Path, app: str = APP) -> StreamingFunction:
    folder.mkdir()
    (folder / "app.py").write_text(app)
    site_packages = Path(sys.prefix) / "lib" / "python3.13" / "site-packages"
    return StreamingFunction(
        name="Dripping",
        code=folder,
        layers=(site_packages, ROOT / "layers" / "parlance"),
        routes=(("POST", "/api/v1/{thing}"), ("POST", "/api/v1/deep/{rest+}")),
    )


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[StreamingServers]:
    with StreamingServers([function_in(tmp_path / "code")], Environments(), tmp_path) as servers:
        yield servers


def a_teapot(_: httpx.Request) -> httpx.Response:
    return httpx.Response(418, stream=httpx.ByteStream(b""))


def post(url: str, **arguments: Any) -> dict[str, Any]:
    answer = httpx.post(url, timeout=20, **arguments)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_template_says_which_functions_stream_and_where(tmp_path: Path) -> None:
    def event(path: str, **more: str) -> dict[str, Any]:
        return {"Type": "Api", "Properties": {"Path": path, "Method": "POST", **more}}

    streams = {"ResponseTransferMode": "RESPONSE_STREAM"}
    function = "AWS::Serverless::Function"
    events = {"A": event("/a", **streams), "B": event("/b"), "C": event("/c/{d}", **streams)}
    template = {
        "Globals": {"Function": {"Layers": [{"Ref": "One"}]}},
        "Resources": {
            "One": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "One"}},
            "Quiet": {"Type": function, "Properties": {"CodeUri": "Quiet", "Events": {"A": event("/x")}}},
            "Loud": {"Type": function, "Properties": {"CodeUri": "Loud", "Events": events}},
            "Table": {"Type": "AWS::DynamoDB::Table"},
        },
    }
    file = tmp_path / "template.yaml"
    file.write_text(yaml.safe_dump(template))
    assert streaming_functions(file) == [
        StreamingFunction(
            name="Loud",
            code=tmp_path / "Loud",
            layers=(tmp_path / "One" / "python",),
            routes=(("POST", "/a"), ("POST", "/c/{d}")),
        )
    ]


def test_the_first_byte_arrives_while_the_rest_is_made(servers: StreamingServers, open_door: OpenDoor) -> None:
    with open_door(streams=servers.routes) as door, httpx.stream("POST", f"{door.url}/api/v1/drip") as answer:
        lines = answer.iter_lines()
        asked = time.monotonic()
        assert [next(lines), next(lines)] == ["0", "1"]
        assert time.monotonic() - asked < 3, "all of it takes five seconds"
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        assert answer.headers["ratelimit"] == "r"
        assert "server" not in answer.headers


def test_a_client_cannot_say_who_it_is(servers: StreamingServers, open_door: OpenDoor) -> None:
    claims = {
        "X-Amzn-Request-Context": json.dumps({"identity": {"sourceIp": "198.51.100.1"}}),
        "x-amzn-lambda-context": json.dumps({"deadline": 1}),
        "X-Forwarded-For": "198.51.100.1",
    }
    with open_door(streams=servers.routes) as door:
        told = post(f"{door.url}/api/v1/who", headers=claims)
    assert told["context"]["identity"] == {"sourceIp": "127.0.0.1"}
    assert told["names"].count("x-amzn-request-context") == 1
    assert "x-amzn-lambda-context" not in told["names"]
    assert "198.51.100.1" not in json.dumps(told)


def test_method_path_query_and_body_arrive_as_they_came(servers: StreamingServers, open_door: OpenDoor) -> None:
    with open_door(streams=servers.routes, upstream=a_teapot) as door:
        told = post(f"{door.url}/api/v1/a%20b?x=%26&x=2", content=b"{}")
        assert (told["path"], told["query"], told["body"]) == ("/api/v1/a%20b", "x=%26&x=2", "{}")
        assert post(f"{door.url}/api/v1/thing/")["path"] == "/api/v1/thing/"
        assert post(f"{door.url}/api/v1/deep/a/b")["path"] == "/api/v1/deep/a/b"
        # What does not stream is the REST API's.
        assert httpx.get(f"{door.url}/api/v1/thing").status_code == 418
        assert httpx.post(f"{door.url}/api/v1/a/b").status_code == 418


def test_it_gets_the_environment_of_its_function(servers: StreamingServers, open_door: OpenDoor) -> None:
    with open_door(streams=servers.routes) as door:
        assert post(f"{door.url}/api/v1/x")["told"] == "Dripping"


def test_a_body_has_the_gateways_limit(servers: StreamingServers, open_door: OpenDoor) -> None:
    with open_door(streams=servers.routes) as door:
        answer = httpx.post(f"{door.url}/api/v1/x", content=b"x" * (10 * 1024 * 1024 + 1), timeout=20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_nobody_behind_the_door_is_a_bad_gateway(tmp_path: Path, open_door: OpenDoor) -> None:
    gone = StreamingRoute(method="POST", path="/api/v1/x", socket=tmp_path / "none.sock")
    with open_door(streams=[gone]) as door:
        answer = httpx.post(f"{door.url}/api/v1/x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "INTERNAL_ERROR")


async def test_a_server_that_dies_is_replaced_and_requests_wait_for_it(tmp_path: Path) -> None:
    with StreamingServers([function_in(tmp_path / "code")], Environments(), tmp_path, endures=0.1) as servers:
        await servers.wait_until_ready()
        transport = httpx.AsyncHTTPTransport(uds=str(servers.routes[0].socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://s", timeout=20) as client:
            (first,) = servers.pids
            keeping = asyncio.create_task(servers.keep_alive())
            with pytest.raises(httpx.HTTPError):
                await client.post("/api/v1/die")
            context = {"x-amzn-request-context": "{}"}
            assert (await client.post("/api/v1/x", headers=context)).json()["pid"] != first
            keeping.cancel()
    assert all(not runs(pid) for pid in [first, *servers.pids])


async def test_a_server_that_cannot_start_is_named_with_its_reason(tmp_path: Path) -> None:
    broken = function_in(tmp_path / "code", "raise SystemExit('error: no such table')")
    reason = pytest.raises(LocalCloudError, match=r"Dripping does not start: error: no such table .*Dripping\.log")
    with StreamingServers([broken], Environments(), tmp_path) as servers, reason:
        await servers.wait_until_ready()


def test_nothing_outlives_the_servers(tmp_path: Path) -> None:
    with StreamingServers([function_in(tmp_path / "code")], Environments(), tmp_path) as servers:
        (pid,) = servers.pids
        home = servers.routes[0].socket.parent
        assert runs(pid)
        assert home.stat().st_mode & 0o777 == 0o700
    assert not runs(pid)
    assert not home.exists()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    function_in(tmp_path / "code")
    script = f"""
import time
from pathlib import Path
from local.streaming import StreamingServers
from tests.local.test_streaming import Environments, function_in
place = Path({str(tmp_path)!r})
with StreamingServers([function_in(place / "other")], Environments(), place) as servers:
    print(servers.pids[0], servers.routes[0].socket.parent, flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, home = parent.stdout.readline().split()
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while runs(int(pid)):
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.05)
    assert home.startswith(tempfile.gettempdir())
    shutil.rmtree(home)
