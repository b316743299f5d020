"""Searching one dataset, and no other: which one is the ability's to say, not the model's."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.skills import SearchAbility
from parlance.agents.tools.base import Outcome
from parlance.knowledge.search import Hit

NOTHING = "Nothing was found."


class Finder(Protocol):
    """The part of Search that agents use."""

    def search(self, tenant_id: str, dataset_id: str, query: str, limit: int = 5) -> Sequence[Hit]: ...


class SearchTool:
    """Implements `RunnableTool`."""

    channel = None
    is_foreign = False

    def __init__(self, tenant_id: str, ability: SearchAbility, finder: Finder) -> None:
        self._tenant_id = tenant_id
        self._ability = ability
        self._finder = finder
        description = ability.description or "Searches a collection of documents."
        self.tool = Tool(ability.name, description, ability.parameters)

    def run(self, arguments: Mapping[str, Any], cancellation: Cancellation) -> Outcome:  # noqa: ARG002
        hits = self._finder.search(self._tenant_id, self._ability.dataset_id, arguments["query"], self._ability.limit)
        return Outcome("\n\n".join(f"{named(hit)}:\n{hit.record.text}" for hit in hits) or NOTHING)


def named(hit: Hit) -> str:
    """A passage's source and heading."""
    record = hit.record
    return f"{record.source} ({record.title})" if record.title else record.source
