"""The emulator lives exactly as long as it should."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mypy_boto3_sqs import SQSClient

from local.clients import emulator_session
from local.emulator import Emulator, client_environment
from local.settings import ROOT


def sqs(emulator: Emulator) -> SQSClient:
    return emulator_session().client("sqs", endpoint_url=emulator.endpoint)


def runs(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_state_survives_a_stop(tmp_path: Path) -> None:
    with Emulator(state_dir=tmp_path, services=["sqs"]) as first:
        url = sqs(first).create_queue(QueueName="kept")["QueueUrl"]
        sqs(first).send_message(QueueUrl=url, MessageBody="still here")
    with Emulator(state_dir=tmp_path, services=["sqs"], port=first.port) as second:
        messages = sqs(second).receive_message(QueueUrl=url)["Messages"]
    assert [message["Body"] for message in messages] == ["still here"]


def test_without_a_state_directory_nothing_is_left() -> None:
    with Emulator(services=["sqs"]) as emulator:
        home = emulator.home
        assert home.exists()
    assert not home.exists()


def test_it_ends_and_saves_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from local.clients import emulator_session
from local.emulator import Emulator
emulator = Emulator(state_dir=Path({str(tmp_path)!r}), services=["sqs"])
emulator.start()
emulator_session().client("sqs", endpoint_url=emulator.endpoint).create_queue(QueueName="kept")
print(emulator.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline, "the emulator outlived its parent"
        time.sleep(0.05)
    with Emulator(state_dir=tmp_path, services=["sqs"]) as again:
        assert len(sqs(again).list_queues()["QueueUrls"]) == 1


def test_the_users_own_cloud_is_shut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    environment = client_environment("http://127.0.0.1:1")
    assert "AWS_PROFILE" not in environment
    assert "secret" not in environment.values()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
