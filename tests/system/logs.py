"""Everything that a run of the local cloud has written down."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

from local.clients import emulator_session
from tests.local.cloud import LocalCloud

type Line = tuple[str, str]
"""Where something is written, and what."""

PAGE = 10_000


def events_of(logs: Any, group: str, *, since: int) -> Iterator[str]:
    """All messages of a log group from a time on (ms). The emulator hands out one page and no token for the next."""
    while True:
        page = logs.filter_log_events(logGroupName=group, startTime=since, limit=PAGE)["events"]
        yield from (event["message"] for event in page)
        if len(page) < PAGE:
            return
        assert page[-1]["timestamp"] > since, "more than a page in one millisecond"
        since = page[-1]["timestamp"]


def logged(cloud: LocalCloud, *, since: int = 0) -> Iterator[Line]:
    """What the functions of the stack have written down."""
    logs: Any = emulator_session().client("logs", endpoint_url=cloud.aws_endpoint)
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            yield from ((name, message) for message in events_of(logs, name, since=since))


def written_to_files(cloud: LocalCloud) -> Iterator[Line]:
    """What the local cloud itself has written down."""
    for file in cloud.state_dir.rglob("*.log"):
        if not file.is_relative_to(cloud.state_dir / "tmp"):
            yield str(file), file.read_text(errors="replace")


async def wait_until_logged(cloud: LocalCloud, *expected: tuple[str, ...], since: int) -> None:
    """Wait for a line for each of the `expected` that holds all its words: an invocation is logged when it ends."""
    until = time.monotonic() + 60
    while True:
        lines = await asyncio.to_thread(lambda: [f"{place} {text}" for place, text in logged(cloud, since=since)])
        missing = [words for words in expected if not any(all(word in line for word in words) for line in lines)]
        if not missing:
            return
        assert time.monotonic() < until, f"never logged: {missing}"
        await asyncio.sleep(0.5)


def assert_unlogged(written: Iterable[Line], secrets: Iterable[str]) -> None:
    """None of these texts stands in any line. A failure names the place and not the secret."""
    wanted = list(secrets)
    assert all(wanted)
    for place, text in written:
        for number, secret in enumerate(wanted):
            assert secret not in text, (place, f"secret {number}")
