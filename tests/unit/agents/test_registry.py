"""Models by name."""

import pytest

from parlance.agents.models.registry import ModelRegistry
from parlance.errors import AgentError
from tests.unit.agents.scripted import ScriptedModel


def test_a_model_is_made_once_and_when_it_is_asked_for() -> None:
    made = []

    def make() -> ScriptedModel:
        made.append("model")
        return ScriptedModel()

    registry = ModelRegistry({"scripted": make, "another": make})
    assert made == []
    assert registry.get("scripted") is registry.get("scripted")
    assert made == ["model"]
    assert registry.names == ("another", "scripted")


def test_an_unknown_model() -> None:
    with pytest.raises(AgentError) as caught:
        ModelRegistry({}).get("gpt-9")
    assert caught.value.details == {"model": "gpt-9"}


def test_a_model_that_could_not_be_made_is_tried_again() -> None:
    outcomes = iter([AgentError("no key"), None])

    def make() -> ScriptedModel:
        failure = next(outcomes)
        if failure:
            raise failure
        return ScriptedModel()

    registry = ModelRegistry({"scripted": make})
    with pytest.raises(AgentError, match="no key"):
        registry.get("scripted")
    assert registry.get("scripted").name == "scripted"
