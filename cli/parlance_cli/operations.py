"""What can be done to a deployment, without a word about terminals: the commands, the seeding and tests share it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parlance.agents.definitions import Agent
from parlance.errors import InvalidInputError, NotFoundError
from parlance.identity.administration import Administration, IssuedKey
from parlance.identity.keys import PREFIX
from parlance.identity.model import ApiKey, Limits, Tenant
from parlance.identity.web_keys import AdminKey, AdminKeys, IssuedWebKey, WidgetKey, WidgetKeys, WidgetLimits
from parlance.knowledge.datasets import Dataset
from parlance.knowledge.importing.importer import ImportReport, OnProgress, import_path
from parlance.knowledge.search import Hit, Search
from parlance_cli.deployment import Deployment

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)


def create_tenant(
    deployment: Deployment,
    name: str,
    *,
    tenant_id: str | None = None,
    limits: Limits | None = None,
    parent_id: str | None = None,
) -> Tenant:
    """Raises InvalidInputError for an id that cannot be one, ConflictError for one that is taken."""
    if parent_id is not None:
        _require_tenant(deployment, parent_id)
    return _administration(deployment).create_tenant(name, tenant_id=tenant_id, limits=limits, parent_id=parent_id)


def list_tenants(deployment: Deployment) -> Sequence[Tenant]:
    return _administration(deployment).tenants()


def create_key(deployment: Deployment, tenant_id: str, name: str, *, prefix: str = PREFIX) -> IssuedKey:
    """A key for the dialect of that prefix. Raises NotFoundError("tenant"), as all that follows does."""
    _require_tenant(deployment, tenant_id)
    return _administration(deployment).issue_key(tenant_id, name, prefix=prefix)


def list_keys(deployment: Deployment, tenant_id: str) -> Sequence[ApiKey]:
    _require_tenant(deployment, tenant_id)
    return _administration(deployment).keys(tenant_id)


def revoke_key(deployment: Deployment, tenant_id: str, key_id: str) -> ApiKey:
    """Raises NotFoundError("key") as well."""
    _require_tenant(deployment, tenant_id)
    return _administration(deployment).revoke_key(tenant_id, key_id)


def create_widget_key(
    deployment: Deployment,
    tenant_id: str,
    name: str,
    *,
    agent_id: str,
    origins: Sequence[str],
    limits: WidgetLimits | None = None,
) -> IssuedWebKey[WidgetKey]:
    """Raises NotFoundError for an agent that is not there, InvalidInputError for an origin that cannot be one."""
    _require_tenant(deployment, tenant_id)
    if deployment.agents.get(tenant_id, agent_id) is None:
        raise NotFoundError("agent", details={"agent_id": agent_id})
    return widget_keys(deployment).create(tenant_id, name, agent_id=agent_id, origins=origins, limits=limits)


def list_widget_keys(deployment: Deployment, tenant_id: str) -> Sequence[WidgetKey]:
    _require_tenant(deployment, tenant_id)
    return widget_keys(deployment).of_tenant(tenant_id)


def revoke_widget_key(deployment: Deployment, tenant_id: str, key_id: str) -> WidgetKey:
    """Raises NotFoundError("key") as well."""
    _require_tenant(deployment, tenant_id)
    return widget_keys(deployment).revoke(tenant_id, key_id)


def create_admin_key(deployment: Deployment, tenant_id: str, name: str) -> IssuedWebKey[AdminKey]:
    _require_tenant(deployment, tenant_id)
    return admin_keys(deployment).create(tenant_id, name)


def list_admin_keys(deployment: Deployment, tenant_id: str) -> Sequence[AdminKey]:
    _require_tenant(deployment, tenant_id)
    return admin_keys(deployment).of_tenant(tenant_id)


def revoke_admin_key(deployment: Deployment, tenant_id: str, key_id: str) -> AdminKey:
    """Raises NotFoundError("key") as well."""
    _require_tenant(deployment, tenant_id)
    return admin_keys(deployment).revoke(tenant_id, key_id)


def create_agent(
    deployment: Deployment,
    tenant_id: str,
    name: str,
    *,
    agent_id: str | None = None,
    instructions: str = "",
    model: str = "extractive",
    settings: Mapping[str, Any] | None = None,
    dataset_id: str | None = None,
) -> Agent:
    """Raises ConflictError for an id that is taken, NotFoundError for a dataset that is not there."""
    _require_tenant(deployment, tenant_id)
    if dataset_id is not None:
        get_dataset(deployment, tenant_id, dataset_id)
    now = deployment.clock.now()
    agent = Agent(
        tenant_id=tenant_id,
        id=_checked_id(agent_id, "agent") or f"agent_{deployment.ids.random()}",
        name=name,
        instructions=instructions,
        created_at=now,
        updated_at=now,
        model=model,
        settings=dict(settings or {}),
        dataset_id=dataset_id,
    )
    deployment.agents.create(agent)
    return agent


def list_agents(deployment: Deployment, tenant_id: str) -> Sequence[Agent]:
    _require_tenant(deployment, tenant_id)
    return deployment.agents.of_tenant(tenant_id)


def create_dataset(
    deployment: Deployment, tenant_id: str, name: str, *, dataset_id: str | None = None, description: str = ""
) -> Dataset:
    """Raises ConflictError for an id that is taken."""
    _require_tenant(deployment, tenant_id)
    now = deployment.clock.now()
    identifier = _checked_id(dataset_id, "dataset") or f"dataset_{deployment.ids.random()}"
    dataset = Dataset(tenant_id, identifier, name, description, created_at=now, updated_at=now)
    deployment.datasets.create(dataset)
    return dataset


def list_datasets(deployment: Deployment, tenant_id: str) -> Sequence[Dataset]:
    _require_tenant(deployment, tenant_id)
    return deployment.datasets.of_tenant(tenant_id)


def get_dataset(deployment: Deployment, tenant_id: str, dataset_id: str) -> Dataset:
    """Raises NotFoundError("dataset")."""
    _require_tenant(deployment, tenant_id)
    found = deployment.datasets.get(tenant_id, dataset_id)
    if found is None:
        raise NotFoundError("dataset", details={"dataset_id": dataset_id})
    return found


def import_dataset(
    deployment: Deployment,
    tenant_id: str,
    dataset_id: str,
    path: Path,
    *,
    prune: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import a file or a folder; what was imported from the same source before is replaced."""
    dataset = get_dataset(deployment, tenant_id, dataset_id)
    return import_path(path, dataset, deployment.datasets, clock=deployment.clock, prune=prune, on_progress=on_progress)


def search_dataset(
    deployment: Deployment, tenant_id: str, dataset_id: str, query: str, *, limit: int = 5
) -> Sequence[Hit]:
    """The best passages first."""
    get_dataset(deployment, tenant_id, dataset_id)
    return Search(deployment.datasets, deployment.clock).search(tenant_id, dataset_id, query, limit)


def widget_keys(deployment: Deployment) -> WidgetKeys:
    """For seeding, which also asks whether a key still works."""
    return WidgetKeys(deployment.widget_keys, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def admin_keys(deployment: Deployment) -> AdminKeys:
    return AdminKeys(deployment.admin_keys, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def _administration(deployment: Deployment) -> Administration:
    return Administration(deployment.tenants, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def _require_tenant(deployment: Deployment, tenant_id: str) -> None:
    if deployment.tenants.tenant(tenant_id) is None:
        raise NotFoundError("tenant", details={"tenant_id": tenant_id})


def _checked_id(identifier: str | None, kind: str) -> str | None:
    if identifier is not None and not _ID.match(identifier):
        raise InvalidInputError(f"The id of {_article(kind)} is made of up to 64 letters, digits, _ and -.")
    return identifier


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
