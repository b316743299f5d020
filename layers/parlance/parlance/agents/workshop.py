"""Makes an agent's tools and checks out of what its definition says."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from parlance.agents.context import TurnContext
from parlance.agents.definitions import Agent
from parlance.agents.models.base import ModelMisconfiguredError
from parlance.agents.moderation import (
    Check,
    GuardrailCheck,
    GuardrailSettings,
    Moderation,
    ModerationSettings,
    PhraseCheck,
    moderation_from,
)
from parlance.agents.secrets import Secrets
from parlance.agents.skills import (
    Ability,
    AgentAbility,
    FetchAbility,
    SearchAbility,
    SkillReader,
    TextAbility,
    abilities_from,
)
from parlance.agents.tools.base import RunnableTool
from parlance.agents.tools.box import ToolBox
from parlance.agents.tools.client import Channels, ClientTool, NoChannels, is_handed_over, tool_of
from parlance.agents.tools.delegate import Ask, DelegateTool
from parlance.agents.tools.fetch import FetchTool
from parlance.agents.tools.instruction import InstructionTool
from parlance.agents.tools.search import Finder, SearchTool
from parlance.outbound.addresses import Guard

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class Workshop:
    """`guard` judges where fetches go; `guardrails` is the client that guardrails are asked through."""

    def __init__(
        self,
        skills: SkillReader,
        *,
        finder: Finder,
        secrets: Secrets,
        guard: Guard,
        guardrails: Callable[[], "BedrockRuntimeClient"],
        channels: Channels | None = None,
    ) -> None:
        self._skills = skills
        self._finder = finder
        self._secrets = secrets
        self._guard = guard
        self._guardrails = guardrails
        self._channels = channels or NoChannels()

    def box(self, agent: Agent, context: TurnContext, ask: Ask | None) -> ToolBox:
        """The agent's own tools, then the turn's, then the client's. Without `ask` it may not ask other agents."""
        abilities = [*self._abilities(agent), *(abilities_from(context.abilities) if context.abilities else ())]
        tools = [tool for ability in abilities if (tool := self.tool(agent.tenant_id, ability, ask))]
        functions = context.functions
        tools += [
            ClientTool(agent.tenant_id, one, self._channels, context.heard_over)
            for one in functions
            if not is_handed_over(one)
        ]
        return ToolBox(tools, [tool_of(one) for one in functions if is_handed_over(one)])

    def moderation(self, agent: Agent) -> Moderation | None:
        """Raises ModelMisconfiguredError: an agent whose check cannot be understood does not answer unchecked."""
        if agent.moderation is None:
            return None
        settings = moderation_from(agent.moderation)
        return Moderation(settings, self._check(settings))

    def _check(self, settings: ModerationSettings) -> Check:
        match settings:
            case GuardrailSettings():
                return GuardrailCheck(settings, self._guardrails)
            case _:
                return PhraseCheck(settings)

    def _abilities(self, agent: Agent) -> Sequence[Ability]:
        if agent.skillset_id is None:
            return ()
        skillset = self._skills.get(agent.tenant_id, agent.skillset_id)
        if skillset is None:
            raise ModelMisconfiguredError(f"there is no skillset {agent.skillset_id!r}")
        return skillset.abilities

    def fetching(self, tenant_id: str, ability: FetchAbility) -> RunnableTool:
        return FetchTool(tenant_id, ability, secrets=self._secrets, guard=self._guard)

    def tool(self, tenant_id: str, ability: Ability, ask: Ask | None) -> RunnableTool | None:
        """What runs an ability; None for another agent where none may be asked."""
        match ability:
            case FetchAbility():
                return self.fetching(tenant_id, ability)
            case SearchAbility():
                return SearchTool(tenant_id, ability, self._finder)
            case TextAbility():
                return InstructionTool(ability)
            case AgentAbility():
                return DelegateTool(ability, ask) if ask else None
