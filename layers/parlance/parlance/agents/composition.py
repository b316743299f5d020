"""What answers for agents, put together once for every function that runs turns.

A model's module is imported when an agent first asks for it: a cold start pays only for the model that it uses.
"""

from parlance.agents.answering import Answering
from parlance.agents.definitions import CachedAgents
from parlance.agents.models.base import Model
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.agents.secrets import CachedSecrets, Secrets
from parlance.agents.workshop import Workshop
from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.knowledge import composition as knowledge
from parlance.knowledge.search import MAX_VERSION_AGE, Search
from parlance.outbound.addresses import Guard
from parlance.settings import AnsweringSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.channels import StoredChannels
from parlance.storage.platform_skills import PlatformSecrets, PlatformSkills
from parlance.storage.secrets import SecretsManager
from parlance.storage.skillsets import CachedSkills, SkillsetRepository
from parlance.storage.table import Table


def responder(table: Table, settings: AnsweringSettings, *, clock: Clock, ids: IdSource) -> AgentResponder:
    """For the agents of the table, which may be a minute old; the rest is as `answering` wants it."""
    composed = answering(table, settings, clock=clock, ids=ids)
    return composed.responder(CachedAgents(AgentRepository(table), clock))


def answering(
    table: Table,
    settings: AnsweringSettings,
    *,
    clock: Clock,
    ids: IdSource,
    ttl: float = MAX_VERSION_AGE,
) -> Answering:
    """`table` is the Conversations table.

    `ttl` is for how many seconds a dataset's version and a skillset are believed.
    """
    search = knowledge.search(table, settings, clock=clock, ids=ids, ttl=ttl)
    named = SecretsManager(clients.secrets_manager, settings.secrets_prefix)
    secrets = CachedSecrets(PlatformSecrets(table, named), clock)
    workshop = Workshop(
        CachedSkills(PlatformSkills(table, SkillsetRepository(table)), clock, ttl=ttl),
        finder=search,
        secrets=secrets,
        guard=Guard(),
        guardrails=lambda: clients.bedrock(None),
        channels=StoredChannels(table, clock, ids),
    )
    models = _models(search, secrets, Guard(private_hosts=settings.private_model_hosts.split(",")))
    return Answering(models, search, workshop, ids)


def _models(search: Search, secrets: Secrets, guard: Guard) -> ModelRegistry:
    def extractive() -> Model:
        from parlance.agents.models.extractive import ExtractiveModel  # noqa: PLC0415

        return ExtractiveModel(search)

    def openai_compatible() -> Model:
        from parlance.agents.models.openai_compatible import OpenAiCompatibleModel  # noqa: PLC0415

        return OpenAiCompatibleModel(secrets, guard)

    def bedrock() -> Model:
        from parlance.agents.models.bedrock import BedrockModel  # noqa: PLC0415

        return BedrockModel(clients.bedrock)

    return ModelRegistry({"extractive": extractive, "openai_compatible": openai_compatible, "bedrock": bedrock})
