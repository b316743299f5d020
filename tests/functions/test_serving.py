"""Streaming functions as servers, started as the Lambda Web Adapter starts them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local.emulator import free_port
from local.settings import ROOT
from tests.functions.cloud import Cloud

FUNCTIONS = sorted(path.parent for path in (ROOT / "functions").rglob("run.sh"))


def start(function: Path, port: int, tmp_path: Path, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Run `run.sh`, with our Python in the place of Lambda's and the layers where we have them."""
    (tmp_path / "python").symlink_to(sys.executable)
    layers = f"{ROOT / 'layers' / 'parlance'}:{Path(httpx.__file__).parent.parent}"
    script = (function / "run.sh").read_text().replace("/opt/python", layers)
    environment = settings | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "AWS_LWA_PORT": str(port)}
    return subprocess.Popen(["/bin/sh", "-c", script], cwd=function, env=environment)


def status_of(port: int) -> int:
    until = time.monotonic() + 20
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/_ready", trust_env=False).status_code
        except httpx.ConnectError:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.05)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda path: path.name)
def test_it_says_when_it_is_ready_and_ends_when_it_is_told(cloud: Cloud, function: Path, tmp_path: Path) -> None:
    """In the environment that all functions are tested in."""
    port = free_port()
    with start(function, port, tmp_path, dict(os.environ)) as process:
        try:
            assert status_of(port) == 204
        finally:
            process.terminate()
        assert process.wait(10) in {0, -15}


def test_one_that_lacks_a_setting_is_never_ready(tmp_path: Path) -> None:
    port = free_port()
    with start(FUNCTIONS[0], port, tmp_path, {}) as process:
        try:
            assert status_of(port) == 500
        finally:
            process.terminate()
