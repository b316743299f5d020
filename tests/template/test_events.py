"""The sample events fit what they are samples of."""

import json
from typing import Any

import pytest

from local.settings import ROOT
from parlance.realtime.messages import Sweep, TurnWakeup, parse_sweep, parse_wakeup
from tests.template.conftest import Stack

EVENTS = ROOT / "events"
WEBSOCKET = {
    "chats-websocket-connect": ("$connect", "CONNECT"),
    "chats-websocket-default": ("$default", "MESSAGE"),
    "chats-websocket-disconnect": ("$disconnect", "DISCONNECT"),
}

REST = {
    "chats-rest",
    "kosmos-ecdsa-helper",
    "kosmos-environment",
    "kosmos-healthz",
    "kosmos-jwt",
    "kosmos-public-keys",
    "kosmos-service-directory",
    "kosmos-service-keys",
    "kosmos-well-known",
}


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def test_there_is_one_for_every_function() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*REST, "replies", "sweeps", "server-keys", *WEBSOCKET}


@pytest.mark.parametrize("name", sorted(REST))
def test_a_rest_event_names_a_route(stack: Stack, name: str) -> None:
    sample = event(name)
    methods = stack.paths()[sample["resource"]]
    integration = methods[sample["httpMethod"].lower()]["x-amazon-apigateway-integration"]
    function = "".join(part.capitalize() for part in name.split("-")) + "Function"
    assert f"{function}." in json.dumps(integration["uri"])
    assert json.loads(sample["body"] or "{}") is not None


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
