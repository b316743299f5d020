"""The programs of docs/identity.md run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import ROOT
from tests.local.cloud import LocalCloud

pytestmark = pytest.mark.system

PROGRAM = re.compile(r"^```(python|javascript)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs() -> dict[str, str]:
    """By language: there is one of each."""
    found = PROGRAM.findall((ROOT / "docs" / "identity.md").read_text())
    assert sorted(language for language, _ in found) == ["javascript", "python"]
    return dict(found)


def run(cloud: LocalCloud, interpreter: str, program: Path) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [interpreter, program],
        env=inherited | {"STATE_DIR": str(cloud.state_dir)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_program_of_the_documentation(cloud: LocalCloud, tmp_path: Path, language: str) -> None:
    name, interpreter = ("client.py", sys.executable) if language == "python" else ("client.mjs", shutil.which("node"))
    assert interpreter, "Node is needed, as the README says"
    program = tmp_path / name
    program.write_text(programs()[language])
    done = run(cloud, interpreter, program)
    assert (done.returncode, done.stderr) == (0, ""), done
    said = done.stdout
    assert f"service key: {cloud.credentials['service_key']['keyId']}\n" in said
    assert "user: Demo user\n" in said
    assert re.search(r"^answer: \S", said, re.MULTILINE)
    assert re.search(r"^session: \S+$", said, re.MULTILINE)
    # What an answer seals is shown; what a caller keeps to itself is not.
    assert cloud.credentials["service_key"]["keySecret"] not in said
