"""What is known of a turn's user survives being stored."""

import json

import pytest

from parlance.agents.context import ClientFunction, Passage, TurnContext, VerifiedIdentity


@pytest.mark.parametrize(
    "context",
    [
        TurnContext(),
        TurnContext(VerifiedIdentity("ann")),
        TurnContext(VerifiedIdentity("ann", {"tenant": "té"})),
        TurnContext(max_rounds=1, max_calls=2, max_continuations=3, must_call=True, instructions="x", heard_over="y"),
        TurnContext(
            functions=(ClientFunction("f", "", {"type": "object"}, data=0),),
            passages=(Passage("text", "book", {"a": 1}), Passage("more", "https://a.example", is_attached=True)),
            abilities=({"kind": "text", "name": "a", "text": "b"},),
        ),
    ],
)
def test_what_is_stored_is_restored(context: TurnContext) -> None:
    assert TurnContext.restored(json.loads(json.dumps(context.stored()))) == context


def test_nothing_is_stored_of_nobody() -> None:
    assert TurnContext().stored() == {}
