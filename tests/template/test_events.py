"""The sample events fit what they are samples of."""

import json
from typing import Any

import pytest

from local.settings import ROOT
from parlance.realtime.messages import Sweep, TurnWakeup, parse_sweep, parse_wakeup
from parlance.webhooks.queueing import Delivery
from tests.template.conftest import Stack

EVENTS = ROOT / "events"
WEBSOCKET = {
    "chats-websocket-connect": ("$connect", "CONNECT"),
    "chats-websocket-default": ("$default", "MESSAGE"),
    "chats-websocket-disconnect": ("$disconnect", "DISCONNECT"),
}


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def test_there_is_one_for_every_function() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {
        "chats-rest",
        "replies",
        "sweeps",
        "tenant",
        "webhooks",
        *WEBSOCKET,
    }


@pytest.mark.parametrize("name", ["chats-rest", "tenant"])
def test_rest_events_name_a_route(stack: Stack, name: str) -> None:
    sample = event(name)
    assert sample["httpMethod"].lower() in stack.paths()[sample["resource"]]


def test_the_chats_event_creates_a_chat() -> None:
    sample = event("chats-rest")
    assert json.loads(sample["body"])["user_id"]


@pytest.mark.parametrize(("name", "route"), WEBSOCKET.items())
def test_websocket_events_name_their_route(name: str, route: tuple[str, str]) -> None:
    context = event(name)["requestContext"]
    assert (context["routeKey"], context["eventType"]) == route


def test_queue_events_carry_bodies_that_the_workers_read() -> None:
    (wakeup,) = event("replies")["Records"]
    assert isinstance(parse_wakeup(wakeup["body"]), TurnWakeup)
    (sweep,) = event("sweeps")["Records"]
    assert isinstance(parse_sweep(sweep["body"]), Sweep)
    (delivery,) = event("webhooks")["Records"]
    assert Delivery.model_validate_json(delivery["body"]).event_type == "webhook.test"
