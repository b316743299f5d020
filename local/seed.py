"""The demo tenants: who there is, and what there is to talk about, after the first start."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from local.deploy import Deployment
from local.marks import Marks
from local.seed_identity import identity_credentials
from local.settings import ROOT, Settings
from parlance.errors import ConflictError, UnauthenticatedError
from parlance.identity.authentication import Authenticator
from parlance.identity.keys import PLATFORM_PREFIX, PREFIX, hash_of
from parlance.identity.web_keys import AdminKey, WebKeys, WidgetKey, WidgetLimits
from parlance_cli import operations
from parlance_cli.deployment import Deployment as Operated
from parlance_cli.deployment import on_emulator

type Credentials = dict[str, object]

TENANT = "demo"
SECOND_TENANT = "demo-second"
DATASET = "parlance-docs"
AGENT = "default"
LOCAL_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*")
# On one's own machine everybody has the same address.
LOCAL_LIMITS = WidgetLimits(per_minute=6000, address_per_minute=6000)


def seed(deployment: Deployment, settings: Settings) -> Credentials:
    """Make sure that the demo tenants are there, and write down what is needed to use them.

    Keys are known in clear only in the file that this writes, so those that still work are kept.
    """
    operated = on_emulator(
        deployment.endpoint,
        conversations_table=deployment.conversations_table,
        identity_table=deployment.identity_table,
        secrets_prefix=deployment.secrets_prefix,
        indexing_queue_url=deployment.indexing_queue_url,
        snapshots_bucket=deployment.snapshots_bucket,
        vault_key=deployment.vault_key,
        base_url=settings.base_url,
        websocket_url=settings.websocket_url,
    )
    before = read_credentials(settings.credentials_file)
    second = before.get("second_tenant")
    shared: Credentials = {"server_public_key": deployment.server_public_key}
    credentials: Credentials = {
        "base_url": settings.base_url,
        "websocket_url": settings.websocket_url,
        "aws_endpoint": deployment.endpoint,
        **shared,
        **_tenant(operated, TENANT, "Demo", before, dataset=True),
        "second_tenant": shared
        | _tenant(
            operated, SECOND_TENANT, "Demo, second tenant", second if isinstance(second, dict) else {}, dataset=False
        ),
    }
    write_credentials(settings.credentials_file, credentials)
    _import_docs(operated, Marks(deployment.endpoint))
    return credentials


def read_credentials(file: Path) -> Mapping[str, object]:
    """What an earlier start wrote down; nothing if there was none, or if somebody has spoiled it."""
    try:
        found = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_credentials(file: Path, credentials: Credentials) -> None:
    """Replace the file in one step, readable by its owner alone."""
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(credentials, indent=2) + "\n")
    draft.replace(file)


def _tenant(
    operated: Operated, tenant_id: str, name: str, before: Mapping[str, object], *, dataset: bool
) -> Credentials:
    """One tenant with an agent and all that callers need, which may be there already."""
    with suppress(ConflictError):
        operations.create_tenant(operated, name, tenant_id=tenant_id)
    if dataset:
        with suppress(ConflictError):
            operations.create_dataset(
                operated, tenant_id, "Parlance's documentation", dataset_id=DATASET, description="README and docs"
            )
    with suppress(ConflictError):
        operations.create_agent(
            operated, tenant_id, "Parlance's guide", agent_id=AGENT, dataset_id=DATASET if dataset else None
        )
    return {
        "tenant_id": tenant_id,
        "agent_id": AGENT,
        "api_key": _api_key(operated, tenant_id, before.get("api_key"), PREFIX),
        "chatbotkit_secret": _api_key(operated, tenant_id, before.get("chatbotkit_secret"), PLATFORM_PREFIX),
        "widget_key": _widget_key(operated, tenant_id, before.get("widget_key")),
        "admin_key": _admin_key(operated, tenant_id, before.get("admin_key")),
        **identity_credentials(operated, tenant_id, before),
    }


def _api_key(operated: Operated, tenant_id: str, known: object, prefix: str) -> str:
    """For the dialect of that prefix."""
    if isinstance(known, str) and _works(operated, tenant_id, known, prefix):
        return known
    return operations.create_key(operated, tenant_id, "local cloud", prefix=prefix).secret


def _widget_key(operated: Operated, tenant_id: str, known: object) -> str:
    """For pages on this machine, whatever their port."""
    if isinstance(known, str) and _opens(operations.widget_keys(operated), known, tenant_id):
        return known
    return operations.create_widget_key(
        operated, tenant_id, "local cloud", agent_id=AGENT, origins=LOCAL_ORIGINS, limits=LOCAL_LIMITS
    ).secret


def _admin_key(operated: Operated, tenant_id: str, known: object) -> str:
    if isinstance(known, str) and _opens(operations.admin_keys(operated), known, tenant_id):
        return known
    return operations.create_admin_key(operated, tenant_id, "local cloud").secret


def _opens[K: WidgetKey | AdminKey](keys: WebKeys[K], text: str, tenant_id: str) -> bool:
    try:
        return keys.verify(text).tenant_id == tenant_id
    except UnauthenticatedError:
        return False


def _works(operated: Operated, tenant_id: str, key: str, prefix: str) -> bool:
    authenticator = Authenticator(operated.tenants, operated.clock)
    try:
        return authenticator.authenticate_hash(hash_of(key, prefix)).tenant_id == tenant_id
    except UnauthenticatedError:
        return False


def _import_docs(operated: Operated, marks: Marks) -> None:
    """Let the demo agent answer from this project's own pages, as they are now."""
    pages = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.is_file()]
    digest = hashlib.sha256()
    for page in pages:
        digest.update(f"\0{page.relative_to(ROOT)}\0".encode() + page.read_bytes())
    if not pages or marks.read("docs") == digest.hexdigest():
        return
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            copy = Path(folder) / page.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, copy)
        operations.import_dataset(operated, TENANT, DATASET, Path(folder), prune=True)
    marks.write("docs", digest.hexdigest())
