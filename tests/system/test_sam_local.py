"""`sam local` beside the local cloud, up to the container: what it gives to functions, and that this is enough."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.settings import CLOUD_BIN, ROOT
from tests.local.cloud import LocalCloud
from tests.system.client import House
from tests.template.conftest import FUNCTIONS

pytestmark = pytest.mark.system

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator's, which SAM passes on."""


@pytest.fixture(scope="module")
def given(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What SAM makes of the template and of the options that docs/architecture.md names."""
    file = tmp_path_factory.mktemp("sam") / "env.json"
    file.write_text(_run(sys.executable, "-m", "local.sam_env", STATE_DIR=str(cloud.state_dir)))
    here = Path(__file__).with_name("sam_local.py")
    options = (ROOT / "template.yaml", file, "StreamingRuntime=buffered", "Architecture=x86_64")
    found: dict[str, Any] = json.loads(_run(CLOUD_BIN / "python", here, *options, **CREDENTIALS))
    return found


def _run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_function_is_told_where_everything_is(given: dict[str, Any], cloud: LocalCloud) -> None:
    assert given.keys() == FUNCTIONS.keys()
    for name, one in given.items():
        assert one["environment"]["AWS_ENDPOINT_URL"] == cloud.aws_endpoint
        assert one["environment"].get("CONVERSATIONS_TABLE") != "ConversationsTable", name
        assert one["handler"] == "app.handler"
        assert one["layers"] == ["DependenciesLayer", "ParlanceLayer"], "the adapter's layer would come from AWS"


def test_a_function_works_with_what_it_is_told(given: dict[str, Any], house: House) -> None:
    event = json.loads((ROOT / "events" / "chats-rest.json").read_text())
    event["headers"]["X-API-Key"] = house.api_key
    event["multiValueHeaders"]["X-API-Key"] = [house.api_key]
    one = given["ChatsRestFunction"]
    handle = "import app, json, sys; print(json.dumps(app.handler(json.load(sys.stdin), None)))"
    paths = (one["code"], "layers/parlance")
    done = subprocess.run(
        [sys.executable, "-c", handle],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(str(ROOT / path) for path in paths)} | one["environment"],
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["statusCode"] == 201, done.stdout
