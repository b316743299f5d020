"""Further instructions that an agent reads when it needs them, instead of being told them in every turn."""

from collections.abc import Mapping
from typing import Any

from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.skills import TextAbility
from parlance.agents.tools.base import Outcome


class InstructionTool:
    """Implements `RunnableTool`. What it says is the agent's owner's word, as the agent's instructions are."""

    channel = None
    is_foreign = False

    def __init__(self, ability: TextAbility) -> None:
        self._ability = ability
        self.tool = Tool(ability.name, ability.description or "Says how to go about it.", ability.parameters)

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:  # noqa: ARG002
        return Outcome(self._ability.text, is_instruction=True)
