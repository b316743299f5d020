"""The emulator of the AWS services, as a child process on loopback."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from local.errors import LocalCloudError
from local.settings import CLOUD_BIN

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"

# What every client of the emulator calls itself. It checks nothing, but the SDK refuses to go without. The
# user's own configuration files stay out: a profile or a proxy of theirs must not reach our loopback calls.
CLIENT_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could bind this port on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def client_environment(endpoint: str) -> dict[str, str]:
    """This process's environment with every AWS setting of the user's own replaced by the emulator's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return inherited | CLIENT_ENVIRONMENT | {"AWS_ENDPOINT_URL": endpoint}


class Emulator:
    """One emulator. With a state directory it remembers over a graceful stop; without, it forgets.

    It runs in a process session of its own, so that a Ctrl-C in the terminal cannot cut short its save.
    """

    def __init__(
        self,
        *,
        state_dir: Path | None = None,
        port: int | None = None,
        services: Sequence[str] = (),
        held_files: Sequence[int] = (),
    ) -> None:
        self._state_dir = state_dir
        self._services = tuple(services)
        self._held_files = tuple(held_files)
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self.port = port or free_port()

    @property
    def endpoint(self) -> str:
        """Where the AWS SDK reaches it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def home(self) -> Path:
        """Where its files are."""
        if self._home is None:
            raise LocalCloudError("the emulator has not been started")
        return self._home

    def start(self, timeout: float = 60) -> None:
        """Start it and wait until it answers."""
        python = CLOUD_BIN / "python"
        if not python.exists():
            raise LocalCloudError(f"the emulator is not installed: {python} is missing; run `make setup`")
        self._home = self._state_dir or Path(tempfile.mkdtemp(prefix="parlance-emulator-"))
        scratch = self._home / "tmp"
        # Unpacked function code from a run that was killed; nothing in here outlives a process.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        with (self._home / "emulator.log").open("wb") as log:
            self._process = subprocess.Popen(
                [python, Path(__file__).with_name("emulator_main.py")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(scratch),
                cwd=self._home,
                start_new_session=True,
                pass_fds=self._held_files,
            )
        try:
            self._wait_until_ready(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self, timeout: float = 30) -> None:
        """Ask it to save and stop, wait for that, and end by force only what does not listen."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if process.stdin:
                process.stdin.close()
            self._end_session(process.pid)
            self._forget()

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @staticmethod
    def _end_session(leader: int) -> None:
        """The functions run as the emulator's children; one in the middle of a call would outlive it."""
        try:
            os.killpg(leader, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _forget(self) -> None:
        shutil.rmtree(self.home if self._state_dir is None else self.home / "tmp", ignore_errors=True)

    def _environment(self, scratch: Path) -> dict[str, str]:
        home = scratch.parent
        environment = client_environment(self.endpoint) | {
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_REGION": REGION,
            "LAMBDA_EXECUTOR": "local",
            # Functions get the permissions of their roles and no more, as on AWS.
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(scratch),
            "PERSIST_STATE": "1" if self._state_dir else "0",
            "S3_PERSIST": "1" if self._state_dir else "0",
            "STATE_DIR": str(home / "services"),
            "S3_DATA_DIR": str(home / "s3"),
            "PYTHONUNBUFFERED": "1",
        }
        if self._services:
            environment["SERVICES"] = ",".join(self._services)
        return environment

    def _wait_until_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            if not self.alive():
                raise LocalCloudError(f"the emulator stopped while starting: {self._last_words()}")
            if self._answers():
                return
            time.sleep(0.05)
        raise LocalCloudError("the emulator did not answer in time")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        log = self.home / "emulator.log"
        lines = log.read_text(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "no output")
