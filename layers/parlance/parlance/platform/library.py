"""All resources of the dialect together, so that one can name another."""

from collections.abc import Callable, Iterable

from parlance.clock import Clock
from parlance.errors import NotFoundError
from parlance.ids import IdSource
from parlance.platform.documents import DocumentStore
from parlance.platform.engine import ResourceEngine
from parlance.platform.fields import Resource

type StoreFor = Callable[[Resource], DocumentStore]


class Library:
    """The engines of all declared resources, each made when it is first asked for."""

    def __init__(self, resources: Iterable[Resource], store_for: StoreFor, *, clock: Clock, ids: IdSource) -> None:
        self._resources = {resource.kind: resource for resource in resources}
        self._store_for = store_for
        self._clock = clock
        self._ids = ids
        self._engines: dict[str, ResourceEngine] = {}

    def engine(self, kind: str) -> ResourceEngine:
        if kind not in self._engines:
            resource = self._resources[kind]
            self._engines[kind] = ResourceEngine(
                resource, self._store_for(resource), self, clock=self._clock, ids=self._ids
            )
        return self._engines[kind]

    def resolve(self, tenant_id: str, kind: str, reference: str) -> str:
        """The id behind an id or `@alias`. Raises NotFoundError, also for a kind that is not served."""
        resource = self._resources.get(kind)
        label = resource.label if resource else kind.capitalize()
        if resource is None:
            raise NotFoundError(kind, f"{label} not found")
        try:
            return self.engine(kind).fetch(tenant_id, reference).id
        except NotFoundError as error:
            raise NotFoundError(kind, f"{label} not found") from error
