"""The Vercel AI SDK (npm package `ai`): its chat and its default transport, unmodified, hold a conversation."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from parlance.identity.web_keys import WidgetLimits
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.system.client import House
from tests.system.conftest import QUESTION

HERE = Path(__file__).with_name("ai")
SECONDS = 120

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs Node and npm"),
]


@pytest.fixture(scope="module")
def installed() -> None:
    """The package, as its lock file names it."""
    done = subprocess.run(
        [shutil.which("npm") or "npm", "ci"], cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"the npm package cannot be installed: {done.stderr.strip().splitlines()[-1:]}")


@pytest.fixture(scope="module")
def house(build_house: Callable[..., House]) -> House:
    """A tenant whose agent says ten words a second."""
    return build_house(settings={"pace": 0.05}, dataset=True)


@pytest.fixture(scope="module")
def key(house: House, deployment: Deployment) -> str:
    limits = WidgetLimits(per_minute=10_000, address_per_minute=10_000)
    issued = operations.create_widget_key(
        deployment, house.tenant_id, "Page", agent_id="default", origins=[], limits=limits
    )
    return issued.secret


def converse(house: House, key: str, *acts: str, session: str | None = None) -> dict[str, Any]:
    """What the chat ended with."""
    command = ["node", "converse.mjs", house.base_url, key, session or uuid4().hex, *acts]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text_of(message: dict[str, Any]) -> str:
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


@pytest.mark.usefixtures("installed")
class TestChat:
    def test_it_holds_a_conversation_and_shows_replies_as_they_come(self, house: House, key: str) -> None:
        ended = converse(house, key, QUESTION, "Zebra, okapi or quagga?")
        assert (ended["errors"], ended["status"]) == ([], "ready")
        assert [message["role"] for message in ended["messages"]] == ["user", "assistant"] * 2
        assert "trims every wick" in text_of(ended["messages"][1])
        assert ended["streamedBeforeTheEnd"] is True
        sources = [part for part in ended["messages"][1]["parts"] if part["type"] == "source-document"]
        assert {part["filename"] for part in sources} == {"harbour.md"}
        assert ended["messages"][1]["metadata"]["turnId"].startswith(ended["messages"][1]["metadata"]["conversationId"])

    def test_a_reply_that_was_left_is_resumed_from_its_beginning(self, house: House, key: str) -> None:
        ended = converse(house, key, f"--leave:{QUESTION}", "--resume")
        assert ended["errors"] == []
        left, (resumed,) = text_of(ended["messages"][-1]), ended["resumed"]
        assert resumed["id"] == ended["messages"][-1]["id"]
        assert len(left) < len(text_of(resumed))
        assert "harbour.md" in text_of(resumed)

    def test_sending_the_same_message_again_doubles_nothing(self, house: House, key: str) -> None:
        ended = converse(house, key, QUESTION, "--regenerate")
        assert [message["role"] for message in ended["messages"]] == ["user", "assistant"]
        assert text_of(ended["messages"][1]).count("Sources:") == 1

    def test_a_refusal_is_an_error_of_the_chat(self, house: House) -> None:
        ended = converse(house, "wk_" + "A" * 43, QUESTION)
        assert ended["status"] == "error"
        assert "Unauthorized" in ended["errors"][0]
