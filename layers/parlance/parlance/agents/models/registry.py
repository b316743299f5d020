"""Models by name. A model is made when it is first asked for, so that none costs a cold start that uses another."""

import threading
from collections.abc import Callable, Mapping

from parlance.agents.models.base import Model
from parlance.errors import AgentError

type ModelFactory = Callable[[], Model]


class ModelRegistry:
    """The configured models; each is made once. Thread-safe."""

    def __init__(self, factories: Mapping[str, ModelFactory]) -> None:
        self._factories = dict(factories)
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._factories))

    def get(self, name: str) -> Model:
        """Raises AgentError for a model that is not configured."""
        with self._lock:
            if name not in self._models:
                if name not in self._factories:
                    raise AgentError("The model of this agent is not configured", details={"model": name})
                self._models[name] = self._factories[name]()
            return self._models[name]
