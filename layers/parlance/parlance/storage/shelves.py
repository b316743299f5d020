"""Bots and datasets of the platform dialect, which are the agents and datasets of the whole house."""

from collections.abc import Mapping, Sequence
from typing import Any

from parlance.agents.definitions import Agent
from parlance.knowledge.datasets import Dataset
from parlance.platform.documents import Document
from parlance.platform.models import model_of
from parlance.storage import keys
from parlance.storage.agents import agent_attributes, agent_from
from parlance.storage.dataset_items import dataset_attributes, dataset_of
from parlance.storage.listing import AGENTS, DATASETS
from parlance.storage.table import Item, Key

_OF_AGENTS = {"name", "backstory", "datasetId", "skillsetId"}
_OF_DATASETS = {"name", "description", "recordCount"}
_NOT_ON_BOTS = ("fallbacks", "history_tokens", "max_rounds", "moderation")
"""What an agent may have that its bot does not show; so a change of the bot leaves it."""

_FIXED = ("tenant_id", "id", "created_at")


class BotShelf:
    """A bot is an agent: its backstory are the instructions, its model may carry settings."""

    kind = "bot"
    collection: str | None = AGENTS

    def key(self, tenant_id: str, parent: str, document_id: str) -> Key:  # noqa: ARG002 - bots have no parent
        return keys.agent(tenant_id, document_id)

    def parent_key(self, tenant_id: str, parent: str) -> Key | None:  # noqa: ARG002 - bots have no parent
        return None

    def dependents(self, document: Document) -> Sequence[str]:  # noqa: ARG002 - nothing hangs on a bot
        return ()

    def new_item(self, document: Document) -> Mapping[str, Any]:
        return agent_attributes(agent_of(document))

    def changed_item(self, before: Document, after: Document) -> Mapping[str, Any]:
        same_model = before.values.get("model") == after.values.get("model")
        # The settings of an agent that was made elsewhere may be more than a model's name can say.
        own = (*_FIXED, *_NOT_ON_BOTS, "model", "settings") if same_model else (*_FIXED, *_NOT_ON_BOTS)
        return {name: value for name, value in self.new_item(after).items() if name not in own}

    def document(self, item: Item) -> Document:
        agent = agent_from(item)
        return _document(agent, bot_values(agent), item)


class DatasetShelf:
    """A dataset's records and their count are its own affair: a change writes neither."""

    kind = "dataset"
    collection: str | None = DATASETS

    def key(self, tenant_id: str, parent: str, document_id: str) -> Key:  # noqa: ARG002 - datasets have no parent
        return keys.dataset(tenant_id, document_id)

    def parent_key(self, tenant_id: str, parent: str) -> Key | None:  # noqa: ARG002 - datasets have no parent
        return None

    def dependents(self, document: Document) -> Sequence[str]:
        return [
            keys.records_pk(document.tenant_id, document.id),
            keys.documents_pk(document.tenant_id, "datasetFile", document.id),
        ]

    def new_item(self, document: Document) -> Mapping[str, Any]:
        return dataset_attributes(
            Dataset(
                tenant_id=document.tenant_id,
                id=document.id,
                name=document.values.get("name") or "",
                description=document.values.get("description") or "",
                created_at=document.created_at,
                updated_at=document.updated_at,
                profile={name: value for name, value in document.values.items() if name not in _OF_DATASETS},
            )
        )

    def changed_item(self, before: Document, after: Document) -> Mapping[str, Any]:  # noqa: ARG002 - needs no other
        own = (*_FIXED, "version", "record_count")
        return {name: value for name, value in self.new_item(after).items() if name not in own}

    def document(self, item: Item) -> Document:
        dataset = dataset_of(item)
        own = {"name": dataset.name, "description": dataset.description, "recordCount": dataset.record_count}
        values = {**own, **dataset.profile}
        return _document(dataset, values, item)


def agent_of(document: Document) -> Agent:
    """The agent that a bot, or a conversation without one, is for the rest of the house."""
    values = document.values
    sent = values.get("model")
    model = model_of(sent)
    profile = {name: value for name, value in values.items() if name not in _OF_AGENTS}
    if sent == model.name:
        del profile["model"]
    return Agent(
        tenant_id=document.tenant_id,
        id=document.id,
        name=values.get("name") or "",
        instructions=values.get("backstory") or "",
        created_at=document.created_at,
        updated_at=document.updated_at,
        model=model.name,
        settings=model.settings,
        dataset_id=values.get("datasetId") or None,
        skillset_id=values.get("skillsetId") or None,
        profile=profile,
    )


def bot_values(agent: Agent) -> dict[str, Any]:
    """An agent's fields on the wire, with those that hold nothing."""
    return {
        "name": agent.name,
        "backstory": agent.instructions,
        "model": agent.model,
        "datasetId": agent.dataset_id,
        "skillsetId": agent.skillset_id,
        **agent.profile,
    }


def _document(thing: Agent | Dataset, values: Mapping[str, Any], item: Item) -> Document:
    return Document(
        tenant_id=thing.tenant_id,
        id=thing.id,
        created_at=thing.created_at,
        updated_at=thing.updated_at,
        values={name: value for name, value in values.items() if value is not None and value != ""},
        revision=item.get("rev", 0),
    )
