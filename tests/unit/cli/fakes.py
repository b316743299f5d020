"""A deployment in memory. The storage rung runs the same suite on it and on the tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from parlance.agents.definitions import Agent
from parlance.agents.skills import Skillset
from parlance.errors import ConflictError, NotFoundError
from parlance.identity.model import ApiKey, Tenant
from parlance.identity.port import AlreadyExistsError
from parlance.identity.vault import LocalVault
from parlance_cli.deployment import Credentials, Deployment
from tests.fakes.affairs import memory_affairs
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.credentials import memory_credentials
from tests.fakes.datasets import MemoryDatasets
from tests.fakes.identity import MemoryWebKeyStore
from tests.fakes.secrets import KnownSecrets


@dataclass
class MemoryTenants:
    """A TenantStore in dictionaries."""

    _tenants: dict[str, Tenant] = field(default_factory=dict)
    _keys: dict[str, ApiKey] = field(default_factory=dict)

    def create_tenant(self, tenant: Tenant) -> None:
        if tenant.id in self._tenants:
            raise AlreadyExistsError(tenant.id)
        self._tenants[tenant.id] = tenant

    def put_tenant(self, tenant: Tenant) -> None:
        if tenant.id not in self._tenants:
            raise NotFoundError("tenant")
        self._tenants[tenant.id] = tenant

    def tenant(self, tenant_id: str) -> Tenant | None:
        return self._tenants.get(tenant_id)

    def tenants(self) -> Sequence[Tenant]:
        return [self._tenants[tenant_id] for tenant_id in sorted(self._tenants)]

    def create_key(self, key: ApiKey, key_hash: str, *, token: str) -> None:
        if key.tenant_id not in self._tenants:
            raise NotFoundError("tenant")
        self._keys[key_hash] = key

    def find_key(self, key_hash: str) -> ApiKey | None:
        return self._keys.get(key_hash)

    def keys(self, tenant_id: str) -> Sequence[ApiKey]:
        return sorted((key for key in self._keys.values() if key.tenant_id == tenant_id), key=lambda key: key.id)

    def revoke_key(self, tenant_id: str, key_id: str, *, now: int, token: str) -> ApiKey:
        for key_hash, key in self._keys.items():
            if (key.tenant_id, key.id) == (tenant_id, key_id):
                self._keys[key_hash] = replace(key, revoked_at=key.revoked_at or now)
                return self._keys[key_hash]
        raise NotFoundError("key")


@dataclass
class MemoryAgents:
    """An AgentStore in a dictionary."""

    _agents: dict[tuple[str, str], Agent] = field(default_factory=dict)

    def create(self, agent: Agent) -> None:
        if (agent.tenant_id, agent.id) in self._agents:
            raise ConflictError("An agent with this id exists already")
        self._agents[agent.tenant_id, agent.id] = agent

    def update(self, agent: Agent) -> None:
        if (agent.tenant_id, agent.id) not in self._agents:
            raise NotFoundError("agent")
        self._agents[agent.tenant_id, agent.id] = agent

    def get(self, tenant_id: str, agent_id: str) -> Agent | None:
        return self._agents.get((tenant_id, agent_id))

    def of_tenant(self, tenant_id: str) -> list[Agent]:
        return [self._agents[key] for key in sorted(self._agents) if key[0] == tenant_id]


@dataclass
class MemorySkillsets:
    """A SkillsetStore in a dictionary."""

    _skillsets: dict[tuple[str, str], Skillset] = field(default_factory=dict)

    def put(self, skillset: Skillset) -> None:
        self._skillsets[skillset.tenant_id, skillset.id] = skillset

    def get(self, tenant_id: str, skillset_id: str) -> Skillset | None:
        return self._skillsets.get((tenant_id, skillset_id))

    def of_tenant(self, tenant_id: str) -> list[Skillset]:
        return [self._skillsets[key] for key in sorted(self._skillsets) if key[0] == tenant_id]


def memory_deployment() -> Deployment:
    clock, tenants = ManualClock(), MemoryTenants()
    stores = memory_credentials(tenants)
    return Deployment(
        base_url="http://localhost:8000",
        websocket_url="ws://localhost:8000/ws/chat",
        tenants=tenants,
        agents=MemoryAgents(),
        datasets=MemoryDatasets(clock),
        skillsets=MemorySkillsets(),
        tenant_secrets=KnownSecrets({}),
        credentials=Credentials(
            licenses=stores.licenses,
            service_keys=stores.service_keys,
            accounts=stores.accounts,
            sessions=stores.sessions,
            issuers=stores.issuers,
            vault=LocalVault(bytes(32)),
        ),
        affairs=memory_affairs(),
        widget_keys=MemoryWebKeyStore(),
        admin_keys=MemoryWebKeyStore(),
        clock=clock,
        ids=CountingIds(),
    )
