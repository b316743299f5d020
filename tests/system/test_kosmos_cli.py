"""The installed program and the identity dialect of the running local cloud."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.local.cloud import LocalCloud
from tests.system.kosmos import Tenancy

pytestmark = [pytest.mark.system, pytest.mark.anyio]

PROGRAM = Path(sys.executable).with_name("parlance")


def run(cloud: LocalCloud, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PARLANCE_", "AWS_"))}
    return subprocess.run(
        [PROGRAM, *arguments],
        env=inherited | {"STATE_DIR": str(cloud.state_dir), "COLUMNS": "200"} | dict(more or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(cloud: LocalCloud, *arguments: str) -> Any:
    done = run(cloud, *arguments, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


async def test_what_an_operator_makes_lets_callers_in(cloud: LocalCloud, tenancy: Tenancy) -> None:
    tenant = tenancy.tenant_id
    made = said(cloud, "license", "create", tenant, "--auth-level", "system")
    key = said(cloud, "service-key", "create", tenant, "--type", "hawk", "--tag", "by hand")
    said(cloud, "user", "create", tenant, "Bob", "--id", "bob")
    token = said(cloud, "token", tenant, "bob")["token"]
    async with tenancy.client() as client:
        shown = await client.call("GET", "/servicekeys", headers=client.licensed(made["license"]))
        wanted = {"tag": "by hand", "type": "hawk", "keyId": key["keyId"], "keySecret": key["keySecret"]}
        assert wanted in shown
        assert (await client.verify(token))["user"]["username"] == "Bob"
        reset = said(cloud, "service-key", "reset", tenant, key["keyId"])
        assert [one["keySecret"] for one in await client.service_keys() if one["type"] == "hawk"] == [
            reset["keySecret"]
        ]
        assert run(cloud, "login-session", "end", tenant, "bob").returncode == 0
        await client.verify(token, 401)


def test_a_question_and_the_next_one(cloud: LocalCloud) -> None:
    first = said(cloud, "query", "How do I start Parlance locally?")
    assert "make run" in first["response"]
    again = said(cloud, "query", "And how do I stop it?", "--session", first["sessionId"], "--plain")
    assert again["sessionId"] == first["sessionId"]
    printed = run(cloud, "query", "How do I start Parlance locally?")
    assert "make run" in printed.stdout
    assert "Go on with --session" in printed.stderr


def test_a_refusal_is_one_line(cloud: LocalCloud) -> None:
    done = run(cloud, "query", "Hello?", "--agent", "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("parlance: ")
    assert len(done.stderr.splitlines()) == 1
    refused = run(cloud, "query", "Hello?", more={"PARLANCE_USER_TOKEN": "odd"})
    assert refused.returncode == 1
