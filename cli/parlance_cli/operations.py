"""What can be done to a deployment, without a word about terminals: the commands, the seeding and tests share it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from parlance.agents.definitions import Agent
from parlance.agents.drafts import draft_from, draft_of
from parlance.agents.secrets import NAME as SECRET_NAME
from parlance.agents.skills import Skillset, abilities_from
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
    email: str | None = None,
) -> Tenant:
    """Raises InvalidInputError for an id or an e-mail address that cannot be one, ConflictError for one taken."""
    if parent_id is not None:
        require_tenant(deployment, parent_id)
    return _administration(deployment).create_tenant(
        name, tenant_id=tenant_id, limits=limits, parent_id=parent_id, email=email
    )


def list_tenants(deployment: Deployment) -> Sequence[Tenant]:
    return _administration(deployment).tenants()


def require_tenant(deployment: Deployment, tenant_id: str) -> None:
    """Raises NotFoundError("tenant")."""
    if deployment.tenants.tenant(tenant_id) is None:
        raise NotFoundError("tenant", details={"tenant_id": tenant_id})


def create_key(deployment: Deployment, tenant_id: str, name: str, *, prefix: str = PREFIX) -> IssuedKey:
    """A key for the dialect of that prefix. Raises NotFoundError("tenant"), as all that follows does."""
    require_tenant(deployment, tenant_id)
    return _administration(deployment).issue_key(tenant_id, name, prefix=prefix)


def list_keys(deployment: Deployment, tenant_id: str) -> Sequence[ApiKey]:
    require_tenant(deployment, tenant_id)
    return _administration(deployment).keys(tenant_id)


def revoke_key(deployment: Deployment, tenant_id: str, key_id: str) -> ApiKey:
    """Raises NotFoundError("key") as well."""
    require_tenant(deployment, tenant_id)
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
    require_tenant(deployment, tenant_id)
    if deployment.agents.get(tenant_id, agent_id) is None:
        raise NotFoundError("agent", details={"agent_id": agent_id})
    return widget_keys(deployment).create(tenant_id, name, agent_id=agent_id, origins=origins, limits=limits)


def list_widget_keys(deployment: Deployment, tenant_id: str) -> Sequence[WidgetKey]:
    require_tenant(deployment, tenant_id)
    return widget_keys(deployment).of_tenant(tenant_id)


def revoke_widget_key(deployment: Deployment, tenant_id: str, key_id: str) -> WidgetKey:
    """Raises NotFoundError("key") as well."""
    require_tenant(deployment, tenant_id)
    return widget_keys(deployment).revoke(tenant_id, key_id)


def create_admin_key(deployment: Deployment, tenant_id: str, name: str) -> IssuedWebKey[AdminKey]:
    require_tenant(deployment, tenant_id)
    return admin_keys(deployment).create(tenant_id, name)


def list_admin_keys(deployment: Deployment, tenant_id: str) -> Sequence[AdminKey]:
    require_tenant(deployment, tenant_id)
    return admin_keys(deployment).of_tenant(tenant_id)


def revoke_admin_key(deployment: Deployment, tenant_id: str, key_id: str) -> AdminKey:
    """Raises NotFoundError("key") as well."""
    require_tenant(deployment, tenant_id)
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
    """A simple agent. Raises what `create_drafted_agent` raises."""
    draft = {
        "name": name,
        "instructions": instructions,
        "model": model,
        "settings": dict(settings or {}),
        "dataset": dataset_id,
    }
    return create_drafted_agent(deployment, tenant_id, draft, agent_id=agent_id)


def create_drafted_agent(
    deployment: Deployment, tenant_id: str, draft: Mapping[str, Any], *, agent_id: str | None = None
) -> Agent:
    """`draft` as `parlance.agents.drafts` reads it.

    Raises ConflictError for an id that is taken, NotFoundError for a dataset or skillset that is not there.
    """
    require_tenant(deployment, tenant_id)
    now = deployment.clock.now()
    identifier = _checked_id(agent_id, "agent") or f"agent_{deployment.ids.random()}"
    blank = Agent(tenant_id, identifier, "", "", created_at=now, updated_at=now)
    agent = _drafted(deployment, blank, draft)
    deployment.agents.create(agent)
    return agent


def update_agent(deployment: Deployment, tenant_id: str, agent_id: str, changes: Mapping[str, Any]) -> Agent:
    """What `changes` leave out stays. Raises NotFoundError("agent"), and what creating raises."""
    before = get_agent(deployment, tenant_id, agent_id)
    agent = replace(_drafted(deployment, before, draft_of(before) | dict(changes)), updated_at=deployment.clock.now())
    deployment.agents.update(agent)
    return agent


def get_agent(deployment: Deployment, tenant_id: str, agent_id: str) -> Agent:
    """Raises NotFoundError("agent")."""
    require_tenant(deployment, tenant_id)
    found = deployment.agents.get(tenant_id, agent_id)
    if found is None:
        raise NotFoundError("agent", details={"agent_id": agent_id})
    return found


def _drafted(deployment: Deployment, agent: Agent, given: Mapping[str, Any]) -> Agent:
    draft = draft_from(dict(given))
    if draft.dataset is not None:
        get_dataset(deployment, agent.tenant_id, draft.dataset)
    if draft.skillset is not None:
        get_skillset(deployment, agent.tenant_id, draft.skillset)
    return draft.put_into(agent)


def list_agents(deployment: Deployment, tenant_id: str) -> Sequence[Agent]:
    require_tenant(deployment, tenant_id)
    return deployment.agents.of_tenant(tenant_id)


def put_skillset(
    deployment: Deployment, tenant_id: str, skillset_id: str, *, name: str | None, abilities: object
) -> Skillset:
    """Create a skillset or replace its abilities. Raises InvalidInputError for abilities that cannot be."""
    require_tenant(deployment, tenant_id)
    _checked_id(skillset_id, "skillset")
    now = deployment.clock.now()
    before = deployment.skillsets.get(tenant_id, skillset_id)
    skillset = Skillset(
        tenant_id=tenant_id,
        id=skillset_id,
        name=name or (before.name if before else skillset_id),
        abilities=abilities_from(abilities),
        created_at=before.created_at if before else now,
        updated_at=now,
    )
    deployment.skillsets.put(skillset)
    return skillset


def get_skillset(deployment: Deployment, tenant_id: str, skillset_id: str) -> Skillset:
    """Raises NotFoundError("skillset")."""
    require_tenant(deployment, tenant_id)
    found = deployment.skillsets.get(tenant_id, skillset_id)
    if found is None:
        raise NotFoundError("skillset", details={"skillset_id": skillset_id})
    return found


def list_skillsets(deployment: Deployment, tenant_id: str) -> Sequence[Skillset]:
    require_tenant(deployment, tenant_id)
    return deployment.skillsets.of_tenant(tenant_id)


def set_secret(deployment: Deployment, tenant_id: str, name: str, secret: str) -> None:
    """Raises InvalidInputError for a name that cannot be one and for an empty secret."""
    require_tenant(deployment, tenant_id)
    if not SECRET_NAME.match(name):
        raise InvalidInputError("The name of a secret is made of up to 64 letters, digits, _ and -.")
    if not secret.strip() or not secret.strip().isprintable():
        raise InvalidInputError("A secret is one line of text.")
    deployment.tenant_secrets.set(tenant_id, name, secret.strip())


def list_secrets(deployment: Deployment, tenant_id: str) -> Sequence[str]:
    """Their names; what they are is nobody's to see."""
    require_tenant(deployment, tenant_id)
    return deployment.tenant_secrets.names(tenant_id)


def remove_secret(deployment: Deployment, tenant_id: str, name: str) -> None:
    """Raises SecretMissingError."""
    require_tenant(deployment, tenant_id)
    deployment.tenant_secrets.remove(tenant_id, name)


def create_dataset(
    deployment: Deployment, tenant_id: str, name: str, *, dataset_id: str | None = None, description: str = ""
) -> Dataset:
    """Raises ConflictError for an id that is taken."""
    require_tenant(deployment, tenant_id)
    now = deployment.clock.now()
    identifier = _checked_id(dataset_id, "dataset") or f"dataset_{deployment.ids.random()}"
    dataset = Dataset(tenant_id, identifier, name, description, created_at=now, updated_at=now)
    deployment.datasets.create(dataset)
    return dataset


def list_datasets(deployment: Deployment, tenant_id: str) -> Sequence[Dataset]:
    require_tenant(deployment, tenant_id)
    return deployment.datasets.of_tenant(tenant_id)


def get_dataset(deployment: Deployment, tenant_id: str, dataset_id: str) -> Dataset:
    """Raises NotFoundError("dataset")."""
    require_tenant(deployment, tenant_id)
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
    search = Search(deployment.datasets, deployment.clock, snapshots=deployment.snapshots)
    return search.search(tenant_id, dataset_id, query, limit)


def widget_keys(deployment: Deployment) -> WidgetKeys:
    """For seeding, which also asks whether a key still works."""
    return WidgetKeys(deployment.widget_keys, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def admin_keys(deployment: Deployment) -> AdminKeys:
    return AdminKeys(deployment.admin_keys, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def _administration(deployment: Deployment) -> Administration:
    return Administration(deployment.tenants, clock=deployment.clock, ids=deployment.ids, secrets=deployment.secrets)


def _checked_id(identifier: str | None, kind: str) -> str | None:
    if identifier is not None and not _ID.match(identifier):
        raise InvalidInputError(f"The id of {_article(kind)} is made of up to 64 letters, digits, _ and -.")
    return identifier


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
