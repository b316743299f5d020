"""Ratings: what people thought of a bot, a conversation or a message."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from parlance.platform.bodies import read
from parlance.platform.documents import Document
from parlance.platform.fields import AS_WHOLE, Sent
from parlance.platform.library import Library

_STEPS_MAX = 1_000


class Vote(Sent):
    value: Annotated[int, Field(ge=-_STEPS_MAX, le=_STEPS_MAX), AS_WHOLE] | None = None
    reason: str | None = None


class Ratings:
    """Keeps votes. `direction` is 1 for good and -1 for bad."""

    def __init__(self, library: Library) -> None:
        self._engine = library.engine("rating")

    def vote(self, tenant_id: str, direction: int, body: dict[str, Any], about: Mapping[str, Any]) -> Document:
        """Raises InvalidInputError."""
        vote = read(Vote, body)
        value = direction * abs(vote.value) if vote.value else direction
        values = {**about, "value": value, "reason": vote.reason}
        return self._engine.put(tenant_id, {name: each for name, each in values.items() if each is not None})
