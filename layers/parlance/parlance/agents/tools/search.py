"""Searching one dataset, and no other: which one is the ability's to say, not the model's."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from parlance.agents.models.base import Cancellation, Tool
from parlance.agents.skills import SearchAbility
from parlance.agents.tools.base import Outcome
from parlance.knowledge.rules import SearchRules
from parlance.knowledge.search import Hit

NOTHING = "Nothing was found."


class Finder(Protocol):
    """The part of Search that agents use."""

    def search(self, tenant_id: str, dataset_id: str, query: str, limit: int = 5) -> Sequence[Hit]: ...

    def rules(self, tenant_id: str, dataset_id: str) -> SearchRules: ...


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
        where = (self._tenant_id, self._ability.dataset_id)
        rules = self._finder.rules(*where)
        hits = rules.kept(self._finder.search(*where, arguments["query"], rules.limit(self._ability.limit)))
        return Outcome("\n\n".join(f"{named(hit)}:\n{hit.record.text}" for hit in hits) or NOTHING)


def named(hit: Hit) -> str:
    """A passage's source and heading."""
    record = hit.record
    return f"{record.source} ({record.title})" if record.title else record.source
