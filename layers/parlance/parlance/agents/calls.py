"""The calls of a turn: told while they happen, and kept with the turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parlance.agents.models.base import ModelEvent, ToolCall

type CallOutcome = Literal["ok", "failed", "handed_over"]
"""Handed over: the client is to execute it, and the turn ended with it."""

_ARGUMENTS_KEPT, _RESULT_KEPT = 2_000, 1_000


@dataclass(frozen=True, slots=True)
class Calling:
    """A call is about to be made. With `channel`, the client is waited for there."""

    call: ToolCall
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A call was made, or handed over. `result` is what the model is told."""

    call: ToolCall
    outcome: CallOutcome
    result: str
    milliseconds: int
    channel: str | None = None

    def kept(self) -> Mapping[str, Any]:
        """As the turn keeps it, long texts cut."""
        return {
            "id": self.call.id,
            "name": self.call.name,
            "arguments": self.call.arguments[:_ARGUMENTS_KEPT],
            "outcome": self.outcome,
            "result": self.result[:_RESULT_KEPT],
            "milliseconds": self.milliseconds,
        }


type ReplyEvent = ModelEvent | Calling | Called
"""What a responder yields."""
