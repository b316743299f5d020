"""Start, stop, start again: what must be kept is kept, and what was started is stopped."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from local.clients import emulator_session
from tests.local.cloud import LocalCloud

pytestmark = pytest.mark.system


def descendants_mentioning(text: str) -> list[str]:
    """Command lines and working directories of running processes that mention something."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = str((process / "cwd").readlink())
            environment = (process / "environ").read_bytes().decode(errors="replace")
            if text in command or text in place or text in environment:
                found.append(f"{process.name} {command}")
    return [line for line in found if not line.startswith(f"{os.getpid()} ")]


def put_item(cloud: LocalCloud, table: str, pk: str) -> None:
    dynamodb = emulator_session().client("dynamodb", endpoint_url=cloud.aws_endpoint)
    dynamodb.put_item(TableName=table, Item={"pk": {"S": pk}, "sk": {"S": "-"}})


def table_of(cloud: LocalCloud) -> str:
    dynamodb = emulator_session().client("dynamodb", endpoint_url=cloud.aws_endpoint)
    return next(name for name in dynamodb.list_tables()["TableNames"] if "Conversations" in name)


def has_item(cloud: LocalCloud, table: str, pk: str) -> bool:
    dynamodb = emulator_session().client("dynamodb", endpoint_url=cloud.aws_endpoint)
    return "Item" in dynamodb.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": "-"}})


def wait_until_none_mentions(text: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while left := descendants_mentioning(text):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_what_was_saved_is_found_again_and_nothing_is_left_running(cloud: LocalCloud, tmp_path: Path) -> None:
    """A second copy beside the one that the other tests use: Ctrl-C, start again, kill, start once more."""
    mine = LocalCloud.start(tmp_path)
    table = table_of(mine)
    put_item(mine, table, "first")
    before = mine.credentials
    assert mine.stop(signal.SIGINT) == ""
    assert mine.process.returncode == 0
    wait_until_none_mentions(str(tmp_path))

    started = time.monotonic()
    mine = LocalCloud.start(tmp_path, mine.port)
    assert time.monotonic() - started < 30
    assert mine.credentials == before
    assert has_item(mine, table, "first")
    put_item(mine, table, "second")
    mine.stop(signal.SIGKILL)
    wait_until_none_mentions(str(tmp_path))

    mine = LocalCloud.start(tmp_path, mine.port)
    assert has_item(mine, table, "first")
    assert has_item(mine, table, "second")
    assert mine.stop() == ""
    wait_until_none_mentions(str(tmp_path))
    assert mine.aws_endpoint != cloud.aws_endpoint
    assert httpx.get(f"{cloud.base_url}/_local/health").status_code == 200


def test_a_stop_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    for seconds in (0.5, 3, 6):
        starting = LocalCloud.launch(tmp_path)
        time.sleep(seconds)
        assert starting.stop() == ""
        # Before the program itself has begun, a signal does what it does by default.
        assert starting.process.returncode in {0, -signal.SIGTERM}
        wait_until_none_mentions(str(tmp_path))


def test_the_gateways_own_errors_have_the_contracts_shape(cloud: LocalCloud) -> None:
    answer = httpx.get(f"{cloud.base_url}/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"
