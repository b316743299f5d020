"""The functions that stream their answers, each as a server of its own, as they are behind the Lambda Web Adapter.

Which ones they are, and on which routes, is read from the built template. They run the code and the layers of the
build in the environment of the deployed function, with the permissions of its role.
"""

import asyncio
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from local.clients import emulator_session
from local.command import reason_in
from local.emulator import client_environment
from local.errors import LocalCloudError
from local.settings import DEVELOPMENT_BIN

MAIN = Path(__file__).with_name("streaming_main.py")
READINESS_PATH = "/_ready"
_STREAMS = "RESPONSE_STREAM"
# The emulator gives credentials for as long as one asks for them.
_SESSION_SECONDS = 365 * 24 * 3600
_STOP_SECONDS = 8.0
_ENDURES = 10.0


@dataclass(frozen=True, kw_only=True)
class StreamingRoute:
    """A method and a path of the REST API whose answers are streamed, and the socket of who serves it."""

    method: str
    path: str
    socket: Path


@dataclass(frozen=True, kw_only=True)
class StreamingFunction:
    """A function of the built template that has such routes: (method, path) each."""

    name: str
    code: Path
    layers: tuple[Path, ...]
    routes: tuple[tuple[str, str], ...]


def streaming_functions(template: Path) -> list[StreamingFunction]:
    """All of a built template's."""
    content = yaml.safe_load(template.read_text())
    shared = content.get("Globals", {}).get("Function", {}).get("Layers", [])
    found = []
    for name, resource in content["Resources"].items():
        properties = resource.get("Properties", {})
        routes = tuple(_streaming_routes(properties.get("Events", {})))
        if resource["Type"] == "AWS::Serverless::Function" and routes:
            layers = [content["Resources"][layer["Ref"]]["Properties"]["ContentUri"] for layer in shared]
            found.append(
                StreamingFunction(
                    name=name,
                    code=template.parent / properties["CodeUri"],
                    layers=tuple(template.parent / layer / "python" for layer in layers),
                    routes=routes,
                )
            )
    return found


def _streaming_routes(events: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    properties = [event["Properties"] for event in events.values() if event["Type"] == "Api"]
    return [(one["Method"], one["Path"]) for one in properties if one.get("ResponseTransferMode") == _STREAMS]


class FunctionEnvironments:
    """What deployed functions are told and allowed."""

    def __init__(self, *, endpoint: str, stack: str) -> None:
        self._endpoint = endpoint
        self._stack = stack
        session = emulator_session()
        self._cloudformation = session.client("cloudformation", endpoint_url=endpoint)
        self._lambda = session.client("lambda", endpoint_url=endpoint)
        self._sts: Any = session.client("sts", endpoint_url=endpoint)

    def of(self, function: StreamingFunction) -> dict[str, str]:
        """The environment of a process that stands in for the function."""
        resource = self._cloudformation.describe_stack_resource(StackName=self._stack, LogicalResourceId=function.name)
        physical = resource["StackResourceDetail"]["PhysicalResourceId"]
        configuration = self._lambda.get_function_configuration(FunctionName=physical)
        return (
            client_environment(self._endpoint)
            | configuration["Environment"]["Variables"]
            | self._credentials(configuration["Role"])
            | {"PYTHONPATH": ":".join(str(layer) for layer in function.layers), "PYTHONUNBUFFERED": "1"}
        )

    def _credentials(self, role: str) -> dict[str, str]:
        """The role's, so that what it does not allow fails here too."""
        session = self._sts.assume_role(RoleArn=role, RoleSessionName="streaming", DurationSeconds=_SESSION_SECONDS)
        given = session["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


class StreamingServer:
    """One function's process. Its socket is ours, so requests wait in it while a process that died is replaced."""

    def __init__(
        self, function: StreamingFunction, environment: Mapping[str, str], *, home: Path, log: Path, endures: float
    ) -> None:
        self.name = function.name
        self.log = log
        self.socket = home / f"{function.name}.sock"
        self._code = function.code
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._endures = endures
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.socket))
        self._listener.listen(1024)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def died_young(self) -> bool:
        return time.monotonic() - self._started_at < self._endures

    def start(self) -> None:
        """Start it, again if need be. It runs in a session of its own, so that Ctrl-C reaches only us."""
        self._let_go()
        self._started_at = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # Without site-packages (-S) and without the script's own folder (-P).
                [DEVELOPMENT_BIN / "python", "-S", "-P", MAIN, str(self._listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._code,
                start_new_session=True,
                pass_fds=[self._listener.fileno()],
            )

    def ask_to_stop(self) -> None:
        if self.alive() and self._process:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Wait for the end, and enforce it."""
        self.ask_to_stop()
        if self._process:
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._let_go()
        self._listener.close()

    def _let_go(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()


class StreamingServers:
    """All streaming functions of one deployment. A context manager: nothing of it outlives the `with`.

    A server that has lived for less than `endures` seconds is not started again before they are over.
    """

    def __init__(
        self,
        functions: Sequence[StreamingFunction],
        environments: FunctionEnvironments,
        logs: Path,
        *,
        endures: float = _ENDURES,
    ) -> None:
        self._functions = functions
        self._environments = environments
        self._logs = logs
        self._endures = endures
        self._servers: list[StreamingServer] = []

    @property
    def routes(self) -> list[StreamingRoute]:
        return [
            StreamingRoute(method=method, path=path, socket=server.socket)
            for function, server in zip(self._functions, self._servers, strict=True)
            for method, path in function.routes
        ]

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in self._servers if server.pid is not None]

    def __enter__(self) -> Self:
        # Not in the state directory: the path of a socket may have about a hundred characters.
        self._home = Path(tempfile.mkdtemp(prefix="parlance-"))
        try:
            for function in self._functions:
                log = self._logs / f"{function.name}.log"
                log.unlink(missing_ok=True)
                environment = self._environments.of(function)
                server = StreamingServer(function, environment, home=self._home, log=log, endures=self._endures)
                self._servers.append(server)
                server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    async def wait_until_ready(self, seconds: float = 30) -> None:
        """Raises LocalCloudError for a server that ends or is not ready in time."""
        await asyncio.gather(*(_wait_until_ready(server, seconds) for server in self._servers))

    async def keep_alive(self) -> None:
        """Replace those that die, for ever; one that dies soon after its start only after a while."""
        while True:
            await asyncio.sleep(0.3)
            for server in self._servers:
                if not server.alive() and not server.died_young:
                    server.start()


async def _wait_until_ready(server: StreamingServer, seconds: float) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(server.socket))
    async with httpx.AsyncClient(transport=transport, timeout=seconds) as client:
        asking = asyncio.create_task(client.get(f"http://streaming{READINESS_PATH}"))
        while not asking.done():
            await asyncio.wait([asking], timeout=0.1)
            if not server.alive():
                asking.cancel()
                raise LocalCloudError(f"{server.name} does not start: {reason_in(server.log)} (its log: {server.log})")
        answer = None if asking.exception() else asking.result().status_code
        if answer != 204:
            raise LocalCloudError(f"{server.name} is not ready; its log is {server.log}")
