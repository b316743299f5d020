"""The platform dialect's own clients and OpenAI's, unmodified, in environments of their own (`make clients`)."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from tests.clients.conftest import Account

HERE = Path(__file__).parent
PYTHON = ROOT / ".clients/bin/python"
NODE_MODULES = HERE / "node/node_modules"
REFUSED = {"NOT_IMPLEMENTED", "NOT_FOUND"}
WAITING = ("blueprint.", "decision.", "graphql.", "magic.", "policy.", "portal.", "space.", "team.", "user.")
NEVER_THERE = ("platform.", "secret.mint", "contact.secret.mint")

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def drive(*command: str | Path) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(found: dict[str, Any]) -> None:
    assert found["problems"] == []
    outcomes: dict[str, str] = found["outcomes"]
    assert set(outcomes.values()) <= {"works", *REFUSED}
    for method, outcome in outcomes.items():
        if outcome == "NOT_FOUND":
            assert method.startswith((*WAITING, *NEVER_THERE)), method


@pytest.mark.skipif(not PYTHON.exists(), reason="`make clients` has not been run")
def test_every_method_of_the_python_client(account: Account) -> None:
    check(drive(PYTHON, HERE / "python/drive.py", account.origin, account.secret))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.skipif(not NODE_MODULES.exists(), reason="`make clients` has not been run, which needs npm")
def test_every_method_of_the_node_client(account: Account) -> None:
    check(drive("node", HERE / "node/drive.mjs", account.origin, account.secret))


@pytest.mark.skipif(not PYTHON.exists(), reason="`make clients` has not been run")
def test_an_agent_is_a_model_for_the_openai_client(account: Account) -> None:
    found = drive(PYTHON, HERE / "python/openai_drive.py", account.origin, account.secret)
    assert "default" in found["models"]
    assert found["text"]
    assert found["streamed"] == found["text"]
    assert found["tokens"] > 0
    assert found["streamed_tokens"] == found["tokens"]
    assert found["unknown"] == 404
