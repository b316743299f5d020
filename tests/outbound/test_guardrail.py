"""The guardrail check, asked over the wire by ApplyGuardrail."""

import json
from dataclasses import replace
from typing import Any

import pytest

from parlance.agents.models.base import Completed, ModelMisconfiguredError, TextDelta
from tests.outbound.raw_server import Behaviour, Peer, serving
from tests.outbound.test_bedrock import client_of, refuses
from tests.unit.agents.scripted import AGENT, House, ScriptedModel, end_of, text_of

AGENT_WITH_GUARDRAIL = replace(
    AGENT,
    dataset_id=None,
    moderation={"kind": "bedrock_guardrail", "id": "gr1", "version": "3", "message": "I may not."},
)


def judges(action: str) -> Behaviour:
    def behave(peer: Peer) -> None:
        body = json.dumps({"action": action, "outputs": [], "assessments": [], "usage": {}})
        peer.headers("200 OK", "application/json", f"Content-Length: {len(body)}")
        peer.say(body)

    return behave


def answered(*behaviours: Behaviour, model: ScriptedModel) -> tuple[list[Any], list[dict[str, Any]], list[bytes]]:
    with serving(*behaviours) as server:
        client = client_of(server)
        house = House(model, agents=[AGENT_WITH_GUARDRAIL], guardrails=lambda: client)
        events = list(house.stream(content="Hi?"))
        client.close()
    heads = [peer.request.split(b" HTTP")[0] for peer in server.peers]
    return events, [json.loads(body) for body in server.bodies], heads


def test_both_sides_pass() -> None:
    model = ScriptedModel([TextDelta("Hello."), Completed(3, 1)])
    events, asked, heads = answered(judges("NONE"), model=model)
    assert text_of(events) == "Hello."
    assert heads == [b"POST /guardrail/gr1/version/3/apply"] * 2
    assert [(one["source"], one["content"][0]["text"]["text"]) for one in asked] == [
        ("INPUT", "Hi?"), ("OUTPUT", "Hello.")
    ]  # fmt: skip


def test_a_message_that_is_stopped_never_reaches_the_model() -> None:
    model = ScriptedModel()
    events, _, _ = answered(judges("GUARDRAIL_INTERVENED"), model=model)
    assert text_of(events) == "I may not."
    assert end_of(events).metadata == {"moderation": "input"}
    assert model.requests == []


def test_an_answer_that_is_stopped_is_not_shown() -> None:
    model = ScriptedModel([TextDelta("Something bad."), Completed(3, 1)])
    events, _, _ = answered(judges("NONE"), judges("GUARDRAIL_INTERVENED"), model=model)
    assert text_of(events) == "I may not."
    assert (end_of(events).input_tokens, end_of(events).metadata["moderation"]) == (3, "output")


def test_a_guardrail_that_cannot_be_asked_lets_nothing_pass() -> None:
    model = ScriptedModel()
    with pytest.raises(ModelMisconfiguredError, match="guardrail"):
        answered(refuses("403 Forbidden", "AccessDeniedException"), model=model)
    assert model.requests == []
