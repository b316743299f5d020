"""What of a client's functions a model is told."""

from typing import Any

import pytest

from parlance.agents.context import TurnContext
from parlance.errors import InvalidInputError
from parlance.platform.client_functions import KEPT_MAX, context_of
from parlance.platform.functions import Receive

CHANNEL = "c" * 16


def asked(*results: dict[str, Any] | None, name: str = "f") -> Receive:
    shape = {"description": "Does it", "parameters": {"type": "object", "properties": {}}}
    functions = [{"name": f"{name}{at}", **shape, "result": result} for at, result in enumerate(results)]
    return Receive.model_validate({"functions": functions, "limits": {"iterations": 3}})


def test_all_are_offered_whoever_knows_the_result() -> None:
    context = context_of(asked({"data": {"a": 1}}, {"channel": CHANNEL}, {}, None))
    assert [(one.name, one.data, one.channel) for one in context.functions] == [
        ("f0", {"a": 1}, None),
        ("f1", None, CHANNEL),
        ("f2", None, None),
        ("f3", None, None),
    ]
    assert context.functions[0].parameters == {"type": "object", "properties": {}}
    assert context.max_rounds == 3


def test_who_does_not_hear_the_turn_is_told_over_a_channel() -> None:
    context = context_of(asked({"channel": CHANNEL}), heard_over="d" * 16)
    assert TurnContext.restored(context.stored()) == context
    assert context.heard_over == "d" * 16


@pytest.mark.parametrize(
    "wrong", [asked({"data": 1}, name="no spaces "), asked({"data": "x" * 70_000}), asked(*[{"data": 1}] * 65)]
)
def test_what_no_model_or_item_can_hold_is_refused(wrong: Receive) -> None:
    with pytest.raises(InvalidInputError, match="functions"):
        context_of(wrong, most=KEPT_MAX)
