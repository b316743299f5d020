"""An agent as somebody writes it down: checked in full before it is kept, so that no turn has to find out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parlance.agents.definitions import HISTORY_TOKENS, MAX_ROUNDS, Agent, ModelChoice
from parlance.agents.models.base import ModelMisconfiguredError, ModelRequest
from parlance.agents.models.calling import CallSettings, settings_of
from parlance.agents.moderation import moderation_from
from parlance.errors import InvalidInputError


class _Choice(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(min_length=1, max_length=64)
    settings: dict[str, Any] = Field(default_factory=dict)


class AgentDraft(_Choice):
    """Everything about an agent that its owner chooses. What is left out has its default."""

    name: str = Field(min_length=1, max_length=200)
    instructions: str = Field(default="", max_length=50_000)
    model: str = Field(default="extractive", min_length=1, max_length=64)
    dataset: str | None = None
    skillset: str | None = None
    fallbacks: list[_Choice] = Field(default_factory=list, max_length=4)
    history_tokens: int = Field(default=HISTORY_TOKENS, ge=0, le=1_000_000)
    max_rounds: int = Field(default=MAX_ROUNDS, ge=1, le=32)
    moderation: dict[str, Any] | None = None

    def put_into(self, agent: Agent) -> Agent:
        return replace(
            agent,
            name=self.name,
            instructions=self.instructions,
            model=self.model,
            settings=self.settings,
            dataset_id=self.dataset,
            skillset_id=self.skillset,
            fallbacks=tuple(ModelChoice(one.model, one.settings) for one in self.fallbacks),
            history_tokens=self.history_tokens,
            max_rounds=self.max_rounds,
            moderation=self.moderation,
        )


def draft_from(given: object) -> AgentDraft:
    """Raises InvalidInputError that names what is wrong. Its settings are tried on the models that they are for."""
    try:
        draft = AgentDraft.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"An agent cannot be read: {where}: {first['msg']}") from None
    try:
        if draft.moderation is not None:
            moderation_from(draft.moderation)
        for choice in (draft, *draft.fallbacks):
            _check(choice)
    except ModelMisconfiguredError as error:
        raise InvalidInputError(f"An agent cannot be read: {error}") from None
    return draft


def draft_of(agent: Agent) -> dict[str, Any]:
    """As `draft_from` reads it back."""
    return {
        "name": agent.name,
        "instructions": agent.instructions,
        "model": agent.model,
        "settings": dict(agent.settings),
        "dataset": agent.dataset_id,
        "skillset": agent.skillset_id,
        "fallbacks": [{"model": one.model, "settings": dict(one.settings)} for one in agent.fallbacks],
        "history_tokens": agent.history_tokens,
        "max_rounds": agent.max_rounds,
        "moderation": dict(agent.moderation) if agent.moderation is not None else None,
    }


def _check(choice: _Choice) -> None:
    checks: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
        "extractive": lambda settings: settings,
        "openai_compatible": _openai_compatible,
        "bedrock": _bedrock,
    }
    if choice.model not in checks:
        raise ModelMisconfiguredError(f"there is no model {choice.model!r}, only {', '.join(sorted(checks))}")
    checks[choice.model](choice.settings)


def _openai_compatible(settings: Mapping[str, Any]) -> None:
    from parlance.agents.models.openai_compatible import OpenAiSettings, target  # noqa: PLC0415 - one model's own

    target(_settings(OpenAiSettings, settings).base_url)


def _bedrock(settings: Mapping[str, Any]) -> None:
    from parlance.agents.models.bedrock import BedrockSettings  # noqa: PLC0415 - one model's own

    _settings(BedrockSettings, settings)


def _settings[S: CallSettings](kind: type[S], settings: Mapping[str, Any]) -> S:
    return settings_of(kind, ModelRequest("", "", (), settings))
