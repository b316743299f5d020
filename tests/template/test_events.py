"""The sample events fit what they are samples of."""

import json
from typing import Any

import pytest

from local.settings import ROOT
from parlance.realtime.messages import (
    IndexRequest,
    Sweep,
    TurnWakeup,
    parse_index_request,
    parse_sweep,
    parse_wakeup,
)
from parlance.webhooks.queueing import Delivery
from tests.template.conftest import Stack

EVENTS = ROOT / "events"
REST = {
    "chats-rest": "user_id",
    "chats-messages": "content",
    "chatbotkit-bot": "name",
    "chatbotkit-channel": "message",
    "chatbotkit-contact": "fingerprint",
    "chatbotkit-conversation": "backstory",
    "chatbotkit-completion": "backstory",
    "chatbotkit-dataset": "name",
    "chatbotkit-event": None,
    "chatbotkit-file": "name",
    "chatbotkit-integration": None,
    "chatbotkit-lists": None,
    "chatbotkit-memory": "text",
    "chatbotkit-platform": None,
    "chatbotkit-secret": "name",
    "chatbotkit-skillset": "name",
    "chatbotkit-task": "name",
    "chatbotkit-usage": None,
    "kosmos-agent-query": "data",
    "kosmos-ecdsa-helper": "privateKey",
    "kosmos-environment": None,
    "kosmos-healthz": None,
    "kosmos-jwt": "data",
    "kosmos-public-keys": None,
    "kosmos-service-directory": None,
    "tenant": None,
    "kosmos-service-keys": None,
    "kosmos-well-known": None,
    "widget-chat": "sessionId",
    "widget-stream": "message",
}
WEBSOCKET = {
    "chats-websocket-connect": ("$connect", "CONNECT"),
    "chats-websocket-default": ("$default", "MESSAGE"),
    "chats-websocket-disconnect": ("$disconnect", "DISCONNECT"),
}


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def test_there_is_one_for_every_function() -> None:
    expected = {*REST, "replies", "sweeps", "webhooks", "indexing", "server-keys", *WEBSOCKET}
    assert {path.stem for path in EVENTS.glob("*.json")} == expected


@pytest.mark.parametrize(("name", "field"), REST.items())
def test_rest_events_name_a_route_and_bring_what_it_needs(stack: Stack, name: str, field: str | None) -> None:
    sample = event(name)
    methods = stack.paths()[sample["resource"]]
    integration = methods[sample["httpMethod"].lower()]["x-amazon-apigateway-integration"]
    function = "".join(part.capitalize() for part in name.split("-")) + "Function"
    function = function.replace("Chatbotkit", "ChatBotKit")
    assert f"{function}." in json.dumps(integration["uri"])
    assert field is None or json.loads(sample["body"])[field]


def test_the_custom_resources_event_names_its_properties(stack: Stack) -> None:
    sample = event("server-keys")
    assert sample["ResourceType"] == stack.resources["ServerKeys"]["Type"]
    assert sample["ResourceProperties"].keys() == stack.properties("ServerKeys").keys()


@pytest.mark.parametrize(("name", "route"), WEBSOCKET.items())
def test_websocket_events_name_their_route(name: str, route: tuple[str, str]) -> None:
    context = event(name)["requestContext"]
    assert (context["routeKey"], context["eventType"]) == route


def test_queue_events_carry_bodies_that_the_workers_read() -> None:
    (wakeup,) = event("replies")["Records"]
    assert isinstance(parse_wakeup(wakeup["body"]), TurnWakeup)
    (sweep,) = event("sweeps")["Records"]
    assert isinstance(parse_sweep(sweep["body"]), Sweep)
    (request,) = event("indexing")["Records"]
    assert isinstance(parse_index_request(request["body"]), IndexRequest)
    (delivery,) = event("webhooks")["Records"]
    assert Delivery.model_validate_json(delivery["body"]).event_type == "webhook.test"
