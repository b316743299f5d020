"""The whole local cloud as a child process, as `make run` starts it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.emulator import free_port
from local.settings import ROOT


@dataclass
class LocalCloud:
    """One copy with its own port and state. It can be stopped and started again on the same state."""

    state_dir: Path
    port: int
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, state_dir: Path, port: int | None = None) -> Self:
        """Start it and wait until it is ready."""
        cloud = cls.launch(state_dir, port)
        said = []
        assert cloud.process.stdout is not None
        for line in cloud.process.stdout:
            said.append(line)
            if "ready after" in line:
                return cloud
        errors = cloud.stop()
        raise AssertionError(f"the local cloud did not start: {''.join(said)}{errors}")

    @classmethod
    def launch(cls, state_dir: Path, port: int | None = None) -> Self:
        """Start it without waiting."""
        port = port or free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=ROOT,
            env=os.environ | {"PORT": str(port), "STATE_DIR": str(state_dir)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return cls(state_dir=state_dir, port=port, process=process)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 60) -> str:
        """Ask it to stop, wait for that, and return what it said of trouble."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            _, errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return errors

    @property
    def base_url(self) -> str:
        """The origin of its REST APIs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        """Where its chats connect."""
        return f"ws://127.0.0.1:{self.port}/ws/chat"

    @property
    def credentials(self) -> dict[str, Any]:
        """What its seeding wrote down."""
        found: dict[str, Any] = json.loads((self.state_dir / "credentials.json").read_text())
        return found

    @property
    def aws_endpoint(self) -> str:
        """Where the emulator's services are."""
        endpoint: str = self.credentials["aws_endpoint"]
        return endpoint
