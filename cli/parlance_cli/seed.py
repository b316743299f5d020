"""The demo: two tenants, each with a key, an agent, and the project's own documentation to answer from.

Everything is created if it is not there and left as it is if it is, so seeding again costs next to nothing.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parlance.errors import UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.knowledge.datasets import Dataset
from parlance_cli import operations
from parlance_cli.credentials import text_of
from parlance_cli.deployment import Deployment

AGENT_ID = "default"
DATASET_ID = "parlance-docs"
_KEY_NAME = "demo"
_TENANT, _SECOND_TENANT = ("demo", "Demo"), ("demo-second", "Demo, second tenant")
_INSTRUCTIONS = "Answer questions about Parlance from its documentation, and name the source."
_EDITION_HEX = 12


@dataclass(frozen=True, slots=True)
class TenantCredentials:
    """What it takes to use one tenant."""

    tenant_id: str
    agent_id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoCredentials:
    """What it takes to use the demo."""

    base_url: str
    websocket_url: str
    tenant: TenantCredentials
    second_tenant: TenantCredentials

    def as_dict(self) -> dict[str, Any]:
        """As credentials.json has them: the first tenant's fields at the top, the second's in a place of their own."""
        addresses = {"base_url": self.base_url, "websocket_url": self.websocket_url}
        second = addresses | asdict(self.second_tenant)
        return addresses | asdict(self.tenant) | {"second_tenant": second}


def seed_demo(
    deployment: Deployment, *, documents: Sequence[Path], existing: Mapping[str, object] | None = None
) -> DemoCredentials:
    """Make sure that the demo is there. Keys of `existing` credentials are kept while they are good."""
    known = existing or {}
    second = known.get("second_tenant")
    return DemoCredentials(
        base_url=deployment.base_url,
        websocket_url=deployment.websocket_url,
        tenant=_seed_tenant(deployment, *_TENANT, documents, known),
        second_tenant=_seed_tenant(
            deployment, *_SECOND_TENANT, documents, second if isinstance(second, Mapping) else {}
        ),
    )


def _seed_tenant(
    deployment: Deployment, tenant_id: str, name: str, documents: Sequence[Path], known: Mapping[str, object]
) -> TenantCredentials:
    if deployment.tenants.tenant(tenant_id) is None:
        operations.create_tenant(deployment, name, tenant_id=tenant_id)
    _seed_dataset(deployment, tenant_id, documents)
    if deployment.agents.get(tenant_id, AGENT_ID) is None:
        operations.create_agent(
            deployment,
            tenant_id,
            "Parlance's guide",
            agent_id=AGENT_ID,
            instructions=_INSTRUCTIONS,
            dataset_id=DATASET_ID,
        )
    return TenantCredentials(tenant_id, AGENT_ID, _api_key(deployment, tenant_id, text_of(known, "api_key")))


def _api_key(deployment: Deployment, tenant_id: str, known: str | None) -> str:
    """The known key if it still opens this tenant, else a new one: a stored key cannot be read back."""
    try:
        principal = Authenticator(deployment.tenants, deployment.clock).authenticate(known)
    except UnauthenticatedError:
        principal = None
    if known is not None and principal is not None and principal.tenant_id == tenant_id:
        return known
    return operations.create_key(deployment, tenant_id, _KEY_NAME).secret


def _seed_dataset(deployment: Deployment, tenant_id: str, documents: Sequence[Path]) -> None:
    """The dataset's description names the edition that is in it, so an unchanged one need not be imported again."""
    dataset = _dataset(deployment, tenant_id)
    description = f"The project's own documentation, edition {_edition(documents)}"
    if dataset.description == description:
        return
    with _gathered(documents) as folder:
        operations.import_dataset(deployment, tenant_id, DATASET_ID, folder, prune=True)
    deployment.datasets.rename(tenant_id, DATASET_ID, name=dataset.name, description=description)


def _dataset(deployment: Deployment, tenant_id: str) -> Dataset:
    found = deployment.datasets.get(tenant_id, DATASET_ID)
    return found or operations.create_dataset(deployment, tenant_id, "Parlance's documentation", dataset_id=DATASET_ID)


def _edition(documents: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for name, document in _named(documents):
        content = document.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:_EDITION_HEX]


@contextmanager
def _gathered(documents: Sequence[Path]) -> Iterator[Path]:
    """A folder that holds these documents and nothing else: importing it also removes what is no longer among them."""
    with tempfile.TemporaryDirectory(prefix="parlance-seed-") as folder:
        for name, document in _named(documents):
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(document, target)
        yield Path(folder)


def _named(documents: Sequence[Path]) -> list[tuple[str, Path]]:
    """The documents with their paths from the folder that they have in common, in the order of these."""
    if not documents:
        return []
    paths = [document.resolve() for document in documents]
    root = os.path.commonpath([path.parent for path in paths])
    return sorted((path.relative_to(root).as_posix(), path) for path in paths)
