"""The platform dialect's own clients and OpenAI's, unmodified, in environments of their own (`make clients`)."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from tests.clients.conftest import Account

HERE = Path(__file__).parent
PYTHON = ROOT / ".clients/bin/python"
NODE_MODULES = HERE / "node/node_modules"
OTHER_GROUPS = ("blueprint.", "decision.", "graphql.", "magic.", "policy.", "portal.", "space.", "team.", "user.")
"""Groups of the clients that are not served; their lists are asked for to see that they are refused in good form."""

ABROAD = "would ask a foreign service"
ABSENT = {
    "secret.authenticate": ABROAD,
    "secret.mint": ABROAD,
    "secret.proxy": ABROAD,
    "contact.secret.authenticate": ABROAD,
    "contact.secret.mint": ABROAD,
    "contact.secret.proxy": ABROAD,
    "integration.*.initiate": ABROAD,
    "integration.notion.sync": ABROAD,
    "integration.sitemap.sync": ABROAD,
    "integration.extract.trigger": "would send what it finds to an address that the integration names",
    "integration.support.trigger": "would write a letter",
    "integration.skillserver.invoke": "would serve abilities to foreign agents",
    "platform.*.fetch": "there is nothing in the catalogue but models",
    "platform.example.clone": "there are no examples",
    "platform.report.generate": "there are no reports",
    "platform.report.generateTyped": "there are no reports",
}
"""Methods that are refused, each with its reason."""

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def drive(*command: str | Path) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(found: dict[str, Any]) -> None:
    """Every method was called, its answer was parsed, and what is refused is what we say is refused."""
    outcomes: dict[str, str] = {
        name: outcome for name, outcome in found["outcomes"].items() if not name.startswith(OTHER_GROUPS)
    }
    assert found["problems"] == []
    assert set(found["methods"]) == outcomes.keys()
    refused = {name: outcome for name, outcome in outcomes.items() if outcome != "works"}
    assert set(refused.values()) <= {"NOT_IMPLEMENTED", "NOT_FOUND"}
    absent = {name for name in outcomes if any(fnmatch(name, pattern) for pattern in ABSENT)}
    assert refused.keys() == absent
    told = told_of_the_groups()
    for name, outcome in outcomes.items():
        works, not_there = told[name.split(".")[0]]
        assert name.split(".")[-1] in (works if outcome == "works" else not_there), f"{name} in docs/chatbotkit.md"


def told_of_the_groups() -> dict[str, tuple[set[str], set[str]]]:
    """What the table in the documents says of each group: the words of what works, and of what is not there."""
    text = (ROOT / "docs/chatbotkit.md").read_text()
    rows = re.findall(r"^\| (\w+)[^|]* \| ([^|]*) \|[^|]*\| ?([^|]*) ?\|$", text, re.MULTILINE)
    told: dict[str, tuple[set[str], set[str]]] = {}
    for group, works, not_there in rows:
        known = told.setdefault(group, (set(), set()))
        known[0].update(re.findall(r"\w+", works))
        known[1].update(re.findall(r"\w+", not_there))
    return told


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
