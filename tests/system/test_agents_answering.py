"""An agent with a provider, a key, a tool and a document, set up as an operator does it, over the deployed stack."""

import json
from typing import Any

import pytest

from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.functions.test_answering import calls, says
from tests.outbound.raw_server import Peer, serving
from tests.outbound.test_openai_compatible import delta
from tests.system.client import House

pytestmark = [pytest.mark.system, pytest.mark.anyio]

KEY = "sk-of-the-provider"


def equipped(deployment: Deployment, house: House, base_url: str) -> None:
    """The tenant's default agent, given a model, a key and something to look into."""
    operations.set_secret(deployment, house.tenant_id, "provider", KEY)
    abilities = [{"kind": "search", "name": "look", "dataset_id": "harbour"}]
    operations.put_skillset(deployment, house.tenant_id, "skills", name=None, abilities=abilities)
    settings = {"base_url": base_url, "model": "tiny", "secret": "provider", "between_tokens_seconds": 120.0}
    changes: dict[str, Any] = {"model": "openai_compatible", "settings": settings, "skillset": "skills"}
    operations.update_agent(deployment, house.tenant_id, "default", changes)


async def test_a_model_answers_with_what_its_tool_has_found(deployment: Deployment, build_house: Any) -> None:
    house: House = build_house(dataset=True)
    with serving(calls("look", {"query": "lanterns"}), says("The keeper trims them.")) as server:
        equipped(deployment, house, f"{server.url}/v1")
        async with house.rest() as rest:
            chat_id = await rest.create_chat()
            async with house.line(chat_id) as line:
                stream = await line.stream(await line.ask("Who trims the lanterns?"))
            reply = (await rest.messages(chat_id))[1]
    assert stream.text == reply["content"] == "The keeper trims them."
    assert (reply["metadata"]["model"], reply["metadata"]["tokens_used"]) == ("tiny", 82)
    assert reply["metadata"]["sources"][0]["source"] == "harbour.md"
    first, second = (json.loads(body) for body in server.bodies)
    assert f"Authorization: Bearer {KEY}".encode() in server.peers[0].request
    assert "whale oil" in first["messages"][-1]["content"]
    assert "whale oil" in second["messages"][-1]["content"]


async def test_a_stop_reaches_the_provider(deployment: Deployment, build_house: Any) -> None:
    house: House = build_house(dataset=True)
    gone: list[float] = []

    def speak(peer: Peer) -> None:
        peer.headers()
        peer.say(delta("Once upon a time"))
        gone.append(peer.wait_for_hang_up(60))

    with serving(speak) as server:
        equipped(deployment, house, server.url)
        async with house.rest() as rest:
            chat_id = await rest.create_chat()
            async with house.line(chat_id) as line:
                reply_id = await line.ask("Tell me a story.")
                await line.events("message_stream_token", count=1)
                await line.send(action="stop", message_id=reply_id)
                stream = await line.stream(reply_id)
            reply = (await rest.messages(chat_id))[1]
    assert stream.text == "Once upon a time"
    assert (reply["metadata"]["stopped"], reply["metadata"]["usage_estimated"]) == (True, True)
    assert len(gone) == 1
