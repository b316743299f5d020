"""The dialect put together over its tables, once per function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from parlance.clock import Clock, SystemClock
from parlance.http.answers import Answer
from parlance.http.routes import Route
from parlance.http.streams import Stream
from parlance.identity.authentication import Authenticator
from parlance.ids import IdSource, RandomIds
from parlance.knowledge.indexing import IndexRequests
from parlance.limits.rates import RateLimiter
from parlance.platform.callers import Caller
from parlance.platform.declarations import RESOURCES
from parlance.platform.gate import Gate
from parlance.platform.library import Library
from parlance.platform.paths import ROOTS, below_root
from parlance.platform.rendering import STREAMED
from parlance.platform.routes import ResourceLists, ResourceRoutes
from parlance.platform.service import PlatformService
from parlance.platform.sessions import Sessions
from parlance.settings import PlatformSettings
from parlance.storage import clients
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.library import stores
from parlance.storage.sessions import DynamoSessionStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore


@dataclass(frozen=True)
class House:
    """What the functions of the dialect share."""

    table: Table
    identity: Table
    clock: Clock
    ids: IdSource
    requests: IndexRequests | None = None

    @classmethod
    def from_environment(cls, requests: IndexRequests | None = None) -> Self:
        """`requests` are for whoever changes datasets. Raises MissingSettingError."""
        settings = PlatformSettings.from_environment()
        return cls(
            Table(clients.dynamodb(), settings.conversations_table),
            Table(clients.dynamodb(), settings.identity_table),
            SystemClock(),
            RandomIds(),
            requests,
        )

    @cached_property
    def library(self) -> Library:
        store_for = stores(self.table, self.clock, self.ids, self.requests)
        return Library(RESOURCES, store_for, clock=self.clock, ids=self.ids)

    @cached_property
    def tenants(self) -> DynamoTenantStore:
        return DynamoTenantStore(self.identity)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(DynamoSessionStore(self.table), self.tenants, self.clock)

    @cached_property
    def gate(self) -> Gate:
        return Gate(
            Authenticator(self.tenants, self.clock),
            self.tenants,
            self.sessions,
            RateLimiter(DynamoCounterStore(self.table), self.clock),
        )

    def service(
        self,
        *routes: Iterable[Route[Caller]],
        kinds: Sequence[str] = (),
        elsewhere: Sequence[tuple[str, str]] = (),
    ) -> PlatformService:
        """The life cycles of these kinds, and what else the function serves.

        `elsewhere` are methods and paths that another function serves, as one does with the lists of large kinds.
        """
        usual = [ResourceRoutes(self.library, kind) for kind in kinds]
        own = [route for one in usual for route in (one.calls() if one.resource.large else one.routes())]
        lists = [(route.method, route.path) for kind in kinds for route in self._lists_of(kind)]
        return PlatformService(
            [*(route for some in routes for route in some), *own], self.gate, elsewhere=[*elsewhere, *lists]
        )

    def lists(self) -> list[Route[Caller, Answer | Stream]]:
        """The lists of all large kinds, streamed, under every root."""
        return [
            replace(route, path=root + below_root(route.path))
            for resource in RESOURCES
            for route in self._lists_of(resource.kind)
            for root in ROOTS
        ]

    def _lists_of(self, kind: str) -> list[Route[Caller, Answer | Stream]]:
        lists = ResourceLists(self.library, kind, STREAMED)
        return lists.routes() if self.library.engine(kind).resource.large else []
