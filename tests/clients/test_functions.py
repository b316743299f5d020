"""Tools and functions that the clients execute, with a provider on loopback behind a bot of the deployed stack."""

import json
import shutil
from collections.abc import Iterator

import pytest

from parlance.identity.keys import PLATFORM_PREFIX
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.clients.conftest import Account
from tests.clients.test_platform_clients import HERE, NODE_MODULES, PYTHON, drive
from tests.functions.test_answering import calls, says
from tests.local.cloud import LocalCloud
from tests.outbound.raw_server import Peer, serving
from tests.system.conftest import WIDE

CITY = {"city": "Fredville"}

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def weatherwise(peer: Peer) -> None:
    """Calls `weather`, and answers with its result where there is one."""
    results = [one["content"] for one in json.loads(peer.body)["messages"] if one["role"] == "tool"]
    (says(f"They say: {results[-1]}") if results else calls("weather", CITY))(peer)


@pytest.fixture(scope="module")
def account(cloud: LocalCloud, deployment: Deployment) -> Iterator[Account]:
    tenant = operations.create_tenant(deployment, "Callers", limits=WIDE)
    issued = operations.create_key(deployment, tenant.id, "clients", prefix=PLATFORM_PREFIX)
    operations.create_agent(deployment, tenant.id, "Caller", agent_id="caller")
    with serving(weatherwise) as server:
        settings = {"base_url": f"{server.url}/v1", "model": "tiny", "attempts": 1}
        changes = {"model": "openai_compatible", "settings": settings}
        operations.update_agent(deployment, tenant.id, "caller", changes)
        yield Account(cloud.base_url, issued.secret)


@pytest.mark.skipif(not PYTHON.exists(), reason="`make clients` has not been run")
def test_an_agent_calls_the_tools_of_the_openai_client(account: Account) -> None:
    found = drive(PYTHON, HERE / "python/openai_tools.py", account.origin, account.secret)
    assert (found["reason"], found["call"]) == ("tool_calls", ["weather", CITY])
    assert (found["streamed_reason"], found["streamed"]) == ("tool_calls", [["weather", CITY]])
    assert found["answer"] == "They say: Heavy rain."
    assert (found["tokens"], found["streamed_tokens"], found["param"]) == (47, 35, "messages")


WAITS = ["completeBegin", "waitForChannelMessageBegin", "waitForChannelMessageEnd"]


@pytest.mark.skipif(not PYTHON.exists(), reason="`make clients` has not been run")
def test_a_bot_calls_the_functions_of_the_python_client(account: Account) -> None:
    found = drive(PYTHON, HERE / "python/functions.py", account.origin, account.secret)
    assert found["heard"][:3] == WAITS
    assert set(found["heard"][3:]) == {"token", "message", "completeEnd", "usage", "result"}
    assert "Heavy rain." in found["text"]
    assert (found["aborted"], found["name"]) == (
        ["completeBegin", "abort", "completeEnd", "usage", "result"],
        "weather",
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.skipif(not NODE_MODULES.exists(), reason="`make clients` has not been run, which needs npm")
def test_a_bot_calls_the_functions_of_the_node_client(account: Account) -> None:
    found = drive("node", HERE / "node/functions.mjs", account.origin, account.secret)
    assert found["heard"][:3] == WAITS
    assert "Rain in Fredville." in found["text"]
    assert (found["aborted"], found["name"], found["args"]) == ("abort", "weather", CITY)
