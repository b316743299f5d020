"""Child commands that end with us and whose failure can be said in one line."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import LocalCloudError


def run_command(arguments: Sequence[str | Path], *, purpose: str, log: Path, env: Mapping[str, str], cwd: Path) -> None:
    """Run a command with its output in a log; raise one line that says what failed and where to read on.

    It gets a process session of its own, so that it can be ended together with whatever it has started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status != 0:
        raise LocalCloudError(f"{purpose} failed: {reason_in(log)} (everything it said: {log})")


def reason_in(log: Path) -> str:
    """The line of a log that most likely names the reason."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for beginning in ("error", "make: ***", "build failed"):
        for line in lines:
            if line.lower().startswith(beginning):
                return line
    return lines[-1] if lines else "it said nothing"
