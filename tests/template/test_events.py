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
    assert {path.stem for path in EVENTS.glob("*.json")} == {"chats-rest", "replies", "sweeps", "indexing", *WEBSOCKET}


def test_the_rest_event_names_a_route(stack: Stack) -> None:
    sample = event("chats-rest")
    assert sample["httpMethod"].lower() in stack.paths()[sample["resource"]]
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
    (request,) = event("indexing")["Records"]
    assert isinstance(parse_index_request(request["body"]), IndexRequest)
