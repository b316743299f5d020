"""What a tool is to the loop that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from parlance.agents.models.base import Cancellation, Tool

RESULT_MAX = 20_000
"""Characters of a result that a model is told."""


class ToolFailedError(Exception):
    """The tool could not do it. The text is for the model and for the record: no secret, no address of the house."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool has to say, and what saying it cost where another model did.

    It is material to the model, unless it `is_instruction`: the word of the agent's owner.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    is_instruction: bool = False


class RunnableTool(Protocol):
    """A tool that is run here."""

    @property
    def tool(self) -> Tool: ...

    @property
    def channel(self) -> str | None:
        """Where the client is waited for, if it is."""
        ...

    @property
    def is_foreign(self) -> bool:
        """Whether its schema was brought by a client, which may be anybody's browser."""
        ...

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:
        """Raises ToolFailedError. Ends soon after the cancellation."""
        ...
