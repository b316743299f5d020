"""What is known of a turn's user survives being stored."""

import json

import pytest

from parlance.agents.context import TurnContext, VerifiedIdentity


@pytest.mark.parametrize(
    "context",
    [TurnContext(), TurnContext(VerifiedIdentity("ann")), TurnContext(VerifiedIdentity("ann", {"tenant": "té"}))],
)
def test_what_is_stored_is_restored(context: TurnContext) -> None:
    assert TurnContext.restored(json.loads(json.dumps(context.stored()))) == context


def test_nothing_is_stored_of_nobody() -> None:
    assert TurnContext().stored() == {}
