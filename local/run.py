"""`make run`: the whole backend on this machine, until Ctrl-C."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import time
from types import FrameType

import httpx
import uvicorn

from local.build import build
from local.deploy import STACK, Deployer, Deployment
from local.emulator import CLIENT_ENVIRONMENT, LOOPBACK, Emulator
from local.errors import LocalCloudError
from local.front_door.app import front_door
from local.seed import seed
from local.settings import ROOT, Settings
from local.state import claim, emulator_port, vault_key
from local.streaming import FunctionEnvironments, StreamingServers, streaming_functions

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPLIES_AT_ONCE = "10"
"""Each is a process of its own, so AWS's number would keep a small machine busy with nothing but starting them."""


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM: not an error, so nothing that handles errors may swallow it."""


def main() -> int:
    """Start everything, serve, stop everything; trouble is one line."""
    started = time.monotonic()
    for number in STOP_SIGNALS:
        signal.signal(number, _request_stop)
    _shut_out_the_users_cloud()
    try:
        settings = Settings.from_environment()
        with listening_socket(settings.port) as listener, claim(settings.state_dir) as lock:
            emulator = Emulator(
                state_dir=settings.state_dir,
                port=emulator_port(settings.state_dir),
                held_files=[lock.fileno()],
            )
            try:
                deployment, servers = start(settings, emulator)
                with servers:
                    seed(deployment, settings)
                    asyncio.run(serve(settings, emulator, deployment, servers, listener, started))
            finally:
                _ignore_signals()
                if emulator.alive():
                    say("saving state and stopping")
                emulator.stop()
    except LocalCloudError as error:
        print(f"parlance: {error}", file=sys.stderr)
        return 1
    except StopRequested:
        return 0
    except Exception as error:  # noqa: BLE001 - the entry point: one line for the user, the rest for the log
        print(f"parlance: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def start(settings: Settings, emulator: Emulator) -> tuple[Deployment, StreamingServers]:
    """Bring the emulator to the state that the sources describe; the servers are those that it cannot be itself."""
    for tool in ("make",):
        if shutil.which(tool) is None:
            raise LocalCloudError(f"`{tool}` is needed and was not found on the PATH")
    say("building the stack")
    template = build(settings.state_dir / "build.log")
    say("starting the emulator")
    emulator.start()
    deployer = Deployer(
        endpoint=emulator.endpoint,
        state_dir=settings.state_dir,
        parameters={
            "WebSocketEndpoint": settings.connections_endpoint,
            "ReplyConcurrency": REPLIES_AT_ONCE,
            # A model that runs on this machine may be called; on AWS that is the operator's to say.
            "PrivateModelHosts": "localhost,127.0.0.1",
            "PrivateWebhookHosts": "localhost,127.0.0.1",
            "PublicUrl": settings.base_url,
            "EcdsaHelper": "enabled",
            "JwksOverLoopback": "allowed",
            "LocalVaultKey": vault_key(settings.state_dir),
            "StreamingRuntime": "buffered",
        },
    )
    if deployer.is_current(template):
        say("the stack is deployed already")
    else:
        say("deploying the stack")
        deployer.deploy(template)
    environments = FunctionEnvironments(endpoint=emulator.endpoint, stack=STACK)
    servers = StreamingServers(streaming_functions(template), environments, logs=settings.state_dir)
    return deployer.deployment(), servers


async def serve(
    settings: Settings,
    emulator: Emulator,
    deployment: Deployment,
    servers: StreamingServers,
    listener: socket.socket,
    started: float,
) -> None:
    """Run the front door until it is asked to stop or the emulator is gone."""
    await servers.wait_until_ready()
    async with httpx.AsyncClient(trust_env=False, timeout=35, limits=httpx.Limits(max_connections=None)) as client:
        app = front_door(
            deployment=deployment,
            client=client,
            streams=servers.routes,
            credentials_file=settings.credentials_file,
        )
        server = uvicorn.Server(uvicorn_config(app))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        watching = asyncio.create_task(_gone(emulator))
        keeping = asyncio.create_task(servers.keep_alive())
        # The port has been listening since the start, so whoever comes from now on is served.
        announce(settings, f"ready after {time.monotonic() - started:.0f} s")
        await asyncio.wait([serving, watching, keeping], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    if watching.done():
        raise LocalCloudError(f"the emulator stopped unexpectedly; its log is {settings.state_dir}/emulator.log")
    if keeping.done():
        await keeping
    watching.cancel()
    keeping.cancel()


def uvicorn_config(app: object) -> uvicorn.Config:
    """How the front door is served: like API Gateway, it neither pings nor compresses, and logs no requests."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        access_log=False,
        log_level="warning",
        log_config=None,
        ws="websockets-sansio",
        ws_max_size=1024 * 1024,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        server_header=False,
        # Nothing stands in front of us, so a forwarded address is only a claim.
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )


def listening_socket(port: int) -> socket.socket:
    """Take the port before anything slow begins."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise LocalCloudError(f"port {port} cannot be used ({error.strerror}); try PORT={port + 1} make run") from error
    return listener


def say(what: str) -> None:
    """Progress, for the person at the terminal."""
    print(f"parlance: {what}", flush=True)


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """The server takes a handshake that was answered with an HTTP status for one that was not answered."""
    return record.getMessage() != "ASGI callable returned without completing handshake."


async def _gone(emulator: Emulator) -> None:
    while emulator.alive():  # noqa: ASYNC110 - a process sets no event
        await asyncio.sleep(0.5)


def announce(settings: Settings, ready: str) -> None:
    """What to do with it, in a few lines."""
    say(f"{ready}: {settings.base_url}")
    print(f"  pages     {settings.base_url}/ to talk, {settings.base_url}/docs to read")
    print(f"  keys      {settings.credentials_file}")
    print(f"  REST      {settings.base_url}/api/v1/chats")
    print(f"  identity  {settings.base_url}/chatapi")
    print(f"  WebSocket {settings.websocket_url}")
    print(f"  try       {chat_command(settings)}")
    print("  Ctrl-C saves everything and stops", flush=True)


def chat_command(settings: Settings) -> str:
    """How to talk to the demo agent of this copy from another terminal."""
    elsewhere = settings.state_dir != ROOT / ".local"
    return f"{f'STATE_DIR={settings.state_dir} ' if elsewhere else ''}.venv/bin/parlance chat"


def _shut_out_the_users_cloud() -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(CLIENT_ENVIRONMENT)


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    _ignore_signals()
    raise StopRequested


def _ignore_signals() -> None:
    """While stopping: a second Ctrl-C must not cut the save."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
