"""Agents with real models behind them: a provider on loopback, keys in Secrets Manager, the worker as SQS calls it."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from parlance.agents.definitions import Agent, ModelChoice
from parlance.agents.skills import Skillset, abilities_from
from parlance.clock import SystemClock
from parlance.ids import number_of
from parlance.logs import logger
from parlance.storage.agents import AgentRepository
from parlance.storage.secrets import SecretsManager
from parlance.storage.skillsets import SkillsetRepository
from parlance.storage.turns import DynamoTurnStore
from tests.functions.cloud import Cloud, House
from tests.outbound.raw_server import Behaviour, Peer, RawServer, serving

KEY = "sk-provider-key"


def streams(*chunks: Mapping[str, Any]) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.headers()
        peer.say(*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n")

    return behave


def says(text: str, finish: str = "stop") -> Behaviour:
    return streams(
        {"choices": [{"delta": {"content": text}, "finish_reason": finish}]},
        {"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 7}},
    )


def calls(name: str, arguments: object) -> Behaviour:
    call = {"index": 0, "id": "c1", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return streams(
        {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": 5}},
    )


def broken(peer: Peer) -> None:
    peer.headers("401 Unauthorized", "application/json")
    peer.say(json.dumps({"error": {"code": "invalid_api_key", "message": f"wrong key {KEY}"}}))


@pytest.fixture
def secrets(cloud: Cloud) -> Iterator[SecretsManager]:
    client = boto3.client("secretsmanager")
    yield SecretsManager(lambda: client, "parlance/test")
    client.close()


def house_of(cloud: Cloud, server: RawServer, **more: Any) -> House:
    house = cloud.house(agent=False)
    now = SystemClock().now()
    settings = {"base_url": f"{server.url}/v1", "model": "tiny", "secret": "provider", "attempts": 1}
    agent = Agent(house.tenant_id, "default", "Ada", "Be kind.", now, now, "openai_compatible", settings, **more)
    AgentRepository(cloud.table).create(agent)
    return house


def answered(cloud: Cloud, house: House, content: str = "Hello?") -> dict[str, Any]:
    """The frame that ended or failed the turn."""
    connection_id = cloud.connected(house, cloud.chat(house))
    cloud.send(connection_id, {"content": content})
    cloud.work()
    frames = cloud.gateway.frames[connection_id]
    (end,) = [one for one in frames if one["event_type"] in {"message_stream_ended", "error"}]
    return end


def test_a_model_answers_with_the_tenants_own_key(cloud: Cloud, secrets: SecretsManager) -> None:
    with serving(says("Good morning.")) as server:
        house = house_of(cloud, server)
        secrets.set(house.tenant_id, "provider", KEY)
        end = answered(cloud, house)
    assert end["event_type"] == "message_stream_ended"
    assert end["content"] == "Good morning."
    assert f"Bearer {KEY}".encode() in server.peers[0].request


def test_a_caller_that_waits_for_its_reply_has_the_same_model(cloud: Cloud, secrets: SecretsManager) -> None:
    with serving(says("Good morning.")) as server:
        house = house_of(cloud, server)
        secrets.set(house.tenant_id, "provider", KEY)
        reply = cloud.say(cloud.chat(house), key=house.key, body={"content": "Hello?"})
    assert (reply.status, reply.body["content"]) == (200, "Good morning.")
    assert reply.body["metadata"]["tokens_used"] == 47


def test_another_tenants_key_is_not_to_be_had(cloud: Cloud, secrets: SecretsManager) -> None:
    with serving(says("Good morning.")) as server:
        first, second = house_of(cloud, server), house_of(cloud, server)
        secrets.set(first.tenant_id, "provider", KEY)
        end = answered(cloud, second)
    assert end["event_type"] == "error"
    assert server.peers == []


def test_a_call_is_made_and_kept_with_the_turn(cloud: Cloud, secrets: SecretsManager) -> None:
    now = SystemClock().now()
    with serving(calls("look", {"query": "tea"}), says("There is none.")) as server:
        house = house_of(cloud, server, skillset_id="skills")
        secrets.set(house.tenant_id, "provider", KEY)
        abilities = abilities_from([{"kind": "search", "name": "look", "dataset_id": "docs"}])
        SkillsetRepository(cloud.table).put(Skillset(house.tenant_id, "skills", "Skills", abilities, now, now))
        chat_id = cloud.chat(house)
        connection_id = cloud.connected(house, chat_id)
        cloud.send(connection_id, {"content": "Tea?"})
        cloud.work()
    (end,) = [one for one in cloud.gateway.frames[connection_id] if one["event_type"] == "message_stream_ended"]
    assert end["content"] == "There is none."
    reply = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["messages"][-1]
    number = number_of(reply["id"])
    assert number is not None
    turn = DynamoTurnStore(cloud.table).turn(house.tenant_id, chat_id, number - 1)
    assert turn is not None
    (kept,) = turn.calls
    assert (kept["name"], kept["outcome"], kept["result"]) == ("look", "ok", "Nothing was found.")
    assert (reply["metadata"]["input_tokens"], reply["metadata"]["output_tokens"]) == (70, 12)


def test_the_next_model_answers_where_the_first_cannot(cloud: Cloud, secrets: SecretsManager) -> None:
    with serving(broken) as server:
        house = house_of(cloud, server, fallbacks=(ModelChoice("extractive"),))
        secrets.set(house.tenant_id, "provider", KEY)
        end = answered(cloud, house)
    assert end["content"] == "I have no documents to answer from: no dataset is connected to this agent."


def test_a_failure_shows_neither_key_nor_text_to_anybody(cloud: Cloud, secrets: SecretsManager) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logger.registered_formatter)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    logs = (root, logging.getLogger("parlance"))
    for one in logs:
        one.addHandler(handler)
    try:
        with serving(broken, calls("The launch code is 0000.", {"x": "The launch code is 0000."}), broken) as server:
            house = house_of(cloud, server)
            secrets.set(house.tenant_id, "provider", KEY)
            ends = [answered(cloud, house, "The launch code is 0000.") for _ in range(2)]
    finally:
        for one in logs:
            one.removeHandler(handler)
        root.setLevel(level)
    assert [end["event_type"] for end in ends] == ["error", "error"]
    assert KEY not in json.dumps(ends)
    logged = written.getvalue()
    assert "ModelMisconfiguredError" in logged
    assert KEY not in logged
    assert "launch code" not in logged
