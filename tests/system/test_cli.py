"""The installed program against the running local cloud: operators' work, and chats over a good and a bad line."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest

from local.emulator import free_port
from tests.local.cloud import LocalCloud

pytestmark = pytest.mark.system

PROGRAM = Path(sys.executable).with_name("parlance")
TEA = "Steep green tea for two minutes at eighty degrees, never longer: longer makes it bitter. " * 3

# Ctrl-C reaches only whom the terminal belongs to.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Cli:
    """Runs the program as a person would."""

    cloud: LocalCloud

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PARLANCE_", "AWS_"))}
        return inherited | {"STATE_DIR": str(self.cloud.state_dir), "COLUMNS": "200", "TERM": "xterm"}

    def run(
        self, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment | dict(more or {}),
            timeout=120,
            check=False,
        )

    def said(self, *arguments: str, stdin: str = "") -> str:
        """What a command that succeeds prints."""
        done = self.run(*arguments, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.said(*arguments, "--json"))


@dataclass
class Shop:
    """A tenant made by hand, with a key, a dataset and a talkative agent."""

    tenant: str
    key: str


@pytest.fixture(scope="module")
def cli(cloud: LocalCloud) -> Cli:
    return Cli(cloud)


@pytest.fixture(scope="module")
def shop(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    tenant = f"shop-{uuid4().hex[:8]}"
    documents = tmp_path_factory.mktemp("documents")
    (documents / "tea.md").write_text(f"# Green tea\n\n{TEA}\n")
    (documents / "photo.jpg").write_bytes(b"\xff\xd8")
    cli.said("tenant", "create", "Tea shop", "--id", tenant)
    key = cli.json("key", "create", tenant)["api_key"]
    cli.said("dataset", "create", tenant, "--name", "Tea", "--id", "tea")
    imported = cli.said("dataset", "import", str(documents), "--tenant", tenant, "--dataset", "tea")
    assert "Imported 1 passage from 1 file" in imported
    assert "skipped photo.jpg" in imported
    for agent, pace in (("default", 0), ("slow", 0.06)):
        cli.said(
            "agent", "create", tenant, "--name", agent, "--id", agent, "--dataset", "tea", "--setting", f"pace={pace}"
        )
    return Shop(tenant, key)


@dataclass
class BadLine:
    """A relay to the cloud's port that cuts connections after so many bytes from the server, as long as `cuts` last."""

    target: int
    cuts: list[int]
    connections: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in (*self._sockets, self._listener):
            one.close()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}/ws/chat"

    def _start(self, work: Any, *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self.connections += 1
                room = self.cuts.pop(0) if self.cuts else None
                self._sockets += [client, server]
                self._start(self._pass_on, client, server, None)
                self._start(self._pass_on, server, client, room)

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket, room: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(512):
                sink.sendall(data)
                room = None if room is None else room - len(data)
                if room is not None and room < 0:
                    break
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_the_demo_tenant_answers_a_question_from_a_pipe(cli: Cli) -> None:
    answer = cli.said("chat", stdin="What does make run start?\n")
    assert "Sources: " in answer


def test_operators_see_what_they_made(cli: Cli, shop: Shop) -> None:
    assert shop.tenant in {tenant["id"] for tenant in cli.json("tenant", "list")}
    assert shop.tenant in cli.said("tenant", "list")
    assert {agent["id"] for agent in cli.json("agent", "list", shop.tenant)} == {"default", "slow"}
    assert cli.json("dataset", "list", shop.tenant)[0]["passages"] == 1
    [hit] = cli.json("dataset", "search", "green tea", "--tenant", shop.tenant, "--dataset", "tea")
    assert hit["source"] == "tea.md"


def test_a_new_tenants_key_opens_its_own_chats_only(cli: Cli, shop: Shop) -> None:
    answer = cli.said("chat", "--api-key", shop.key, "--once", "How long does green tea steep?")
    assert "two minutes" in answer
    assert "tea.md" in answer
    chat_id = new_chat(cli, shop)
    again = cli.said("chat", "--api-key", shop.key, "--chat", chat_id, "--once", "Why not steep green tea longer?")
    assert "makes it bitter" in again
    foreign = cli.run("chat", "--chat", chat_id, "--once", "How hot?")
    assert (foreign.returncode, foreign.stdout, foreign.stderr) == (1, "", "parlance: Chat not found\n")


def test_refusals_are_one_line(cli: Cli, shop: Shop) -> None:
    wrong = cli.run("chat", "--api-key", "pk_wrong", "--once", "Hello?")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "parlance: The API key is not valid.\n"
    assert cli.run("tenant", "create", "Again", "--id", shop.tenant).stderr.count("\n") == 1


def test_a_stack_is_found_by_its_outputs(cli: Cli, shop: Shop) -> None:
    """The emulator stands in for AWS, as the SDK's own setting lets it."""
    aws = {
        "AWS_ENDPOINT_URL": cli.cloud.aws_endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "STATE_DIR": "/nowhere",
    }
    listed = cli.run("--stack", "parlance", "--region", "us-east-1", "agent", "list", shop.tenant, more=aws)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "slow" in listed.stdout
    # A local cloud keeps the key of its secrets to itself: it is no output of its stack.
    sealed = cli.run("--stack", "parlance", "--region", "us-east-1", "service-key", "create", shop.tenant, more=aws)
    assert (sealed.returncode, sealed.stdout) == (1, "")
    assert sealed.stderr == "parlance: The key of this deployment's secrets is not known.\n"
    unknown = cli.run("--stack", "other", "--region", "us-east-1", "tenant", "list", more=aws)
    assert unknown.returncode == 1
    assert unknown.stderr == "parlance: AWS refused: Stack with id other does not exist\n"
    nameless = cli.run("--stack", "parlance", "--profile", "none", "tenant", "list", more=aws)
    assert nameless.stderr == "parlance: AWS: The config profile (none) could not be found\n"


def test_a_cloud_that_was_stopped_is_not_running(cli: Cli, tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    notes = {
        "base_url": f"http://{nobody}",
        "websocket_url": f"ws://{nobody}/ws/chat",
        "aws_endpoint": f"http://{nobody}",
        "api_key": "pk_x",
    }
    (tmp_path / "credentials.json").write_text(json.dumps(notes))
    for command in (("tenant", "list"), ("chat", "--once", "Hello?")):
        done = cli.run("--state-dir", str(tmp_path), *command)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "parlance: The local cloud is not running: start it with make run\n"


def test_a_cut_line_neither_loses_nor_doubles_text(cli: Cli, shop: Shop) -> None:
    chat_id = new_chat(cli, shop, agent="slow")
    # The first cut comes before the reply, the others within it.
    with BadLine(cli.cloud.port, [700, 2500, 1500]) as line:
        done = cli.run(
            *("chat", "--api-key", shop.key, "--chat", chat_id),
            *("--base-url", cli.cloud.base_url, "--websocket-url", line.url),
            *("--once", "How long does green tea steep?"),
        )
    assert done.returncode == 0, done.stderr
    assert line.connections == 4
    messages = messages_of(cli, shop, chat_id)
    assert [message["sender_role"] for message in messages] == ["user", "assistant"]
    assert done.stdout.rstrip("\n") == messages[1]["content"]


def test_an_interrupt_stops_the_reply(cli: Cli, shop: Shop) -> None:
    chat_id = new_chat(cli, shop, agent="slow")
    terminal = Terminal(
        cli, "chat", "--api-key", shop.key, "--chat", chat_id, "--once", "How long does green tea steep?"
    )
    terminal.wait_for("Steep green")
    terminal.type("\x03")
    said = terminal.wait_for("Stopped.")
    assert terminal.leave() == 130
    reply = messages_of(cli, shop, chat_id)[1]
    assert reply["metadata"]["stopped"] is True
    assert reply["content"] in said.replace("\r", "").replace("^C", "")


def test_a_talk_at_the_prompt(cli: Cli, shop: Shop) -> None:
    terminal = Terminal(cli, "chat", "--api-key", shop.key, "--title", "A talk")
    terminal.wait_for("A talk")
    terminal.wait_for("> ")
    terminal.type("How long does green tea steep?\n")
    terminal.wait_for("two minutes")
    terminal.wait_for("> ")
    terminal.type("\x03")
    said = terminal.wait_for("--chat chat_")
    assert terminal.leave() == 0
    assert "Traceback" not in said


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, cli: Cli, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=cli.environment,
            start_new_session=True,
        )
        os.close(slave)
        self._said = ""
        self._read_until = 0

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, text: str, seconds: float = 30) -> str:
        """Everything said so far, once the text has been said since the last wait."""
        until = time.monotonic() + seconds
        while (found := self._said.find(text, self._read_until)) < 0:
            assert time.monotonic() < until, f"{text!r} was not said: {self._said!r}"
            if select.select([self._master], [], [], 0.2)[0]:
                self._said += plain(os.read(self._master, 4096).decode(errors="replace"))
        self._read_until = found + len(text)
        return self._said

    def leave(self) -> int:
        """The status it exits with."""
        status = self.process.wait(timeout=30)
        os.close(self._master)
        return status


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def new_chat(cli: Cli, shop: Shop, agent: str = "default") -> str:
    body = {"user_id": "terminal", "agent_id": agent}
    url = f"{cli.cloud.base_url}/api/v1/chats/"
    answer = httpx.post(url, json=body, headers={"X-API-Key": shop.key}, trust_env=False, timeout=30)
    return str(answer.raise_for_status().json()["id"])


def messages_of(cli: Cli, shop: Shop, chat_id: str) -> list[dict[str, Any]]:
    url = f"{cli.cloud.base_url}/api/v1/chats/{chat_id}/messages"
    answer = httpx.get(url, headers={"X-API-Key": shop.key}, trust_env=False, timeout=30)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
    return found
