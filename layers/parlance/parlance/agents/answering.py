"""What answers, whichever agents it answers for."""

from dataclasses import dataclass

from parlance.agents.definitions import AgentReader
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.agents.tools.search import Finder
from parlance.agents.workshop import Workshop
from parlance.ids import IdSource


@dataclass(frozen=True, slots=True)
class Answering:
    """Models, what they look things up in, and what makes their tools."""

    models: ModelRegistry
    finder: Finder
    workshop: Workshop
    ids: IdSource

    def responder(self, agents: AgentReader) -> AgentResponder:
        """One for agents that are stored, made for a request, or told more than they are stored with."""
        return AgentResponder(agents, self.models, finder=self.finder, workshop=self.workshop, ids=self.ids)
