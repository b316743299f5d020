"""The sample events fit what they are samples of."""

import json
from typing import Any

import pytest

from local.settings import ROOT
from parlance.realtime.messages import Sweep, TurnWakeup, parse_sweep, parse_wakeup
from tests.template.conftest import Stack

EVENTS = ROOT / "events"
REST = {
    "chats-rest": "user_id",
    "chats-messages": "content",
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
    assert {path.stem for path in EVENTS.glob("*.json")} == {*REST, "replies", "sweeps", *WEBSOCKET}


@pytest.mark.parametrize(("name", "field"), REST.items())
def test_rest_events_name_a_route_and_bring_what_it_needs(stack: Stack, name: str, field: str) -> None:
    sample = event(name)
    assert sample["httpMethod"].lower() in stack.paths()[sample["resource"]]
    assert json.loads(sample["body"])[field]


@pytest.mark.parametrize(("name", "route"), WEBSOCKET.items())
def test_websocket_events_name_their_route(name: str, route: tuple[str, str]) -> None:
    context = event(name)["requestContext"]
    assert (context["routeKey"], context["eventType"]) == route


def test_queue_events_carry_bodies_that_the_workers_read() -> None:
    (wakeup,) = event("replies")["Records"]
    assert isinstance(parse_wakeup(wakeup["body"]), TurnWakeup)
    (sweep,) = event("sweeps")["Records"]
    assert isinstance(parse_sweep(sweep["body"]), Sweep)
