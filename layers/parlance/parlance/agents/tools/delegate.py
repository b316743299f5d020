"""Asking another agent. It answers from its own dataset with its own tools, and is told the question only."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from parlance.agents.calls import ReplyEvent
from parlance.agents.models.base import Cancellation, Completed, ModelError, TextDelta, Tool
from parlance.agents.skills import AgentAbility
from parlance.agents.tools.base import Outcome, ToolFailedError
from parlance.errors import BudgetExceededError

type Ask = Callable[[str, str, Cancellation], Iterator[ReplyEvent]]
"""From an agent's id and a message to that agent's answer. Raises ModelError and BudgetExceededError."""


class DelegateTool:
    """Implements `RunnableTool`."""

    channel = None
    is_foreign = False

    def __init__(self, ability: AgentAbility, ask: Ask) -> None:
        self._ability = ability
        self._ask = ask
        self.tool = Tool(ability.name, ability.description or "Asks another agent.", ability.parameters)

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:
        said: list[str] = []
        question = "\n\n".join(part for part in (self._ability.instructions, arguments["message"]) if part)
        asked = answered = 0
        try:
            for event in self._ask(self._ability.agent_id, question, cancellation):
                if isinstance(event, TextDelta):
                    said.append(event.text)
                elif isinstance(event, Completed):
                    asked, answered = event.input_tokens, event.output_tokens
        except ModelError as error:
            raise ToolFailedError("the other agent could not answer") from error
        except BudgetExceededError as error:
            raise ToolFailedError("there is no budget left for the other agent") from error
        return Outcome("".join(said), asked, answered)
