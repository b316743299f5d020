"""One deployed stack, as an operator sees it: what is stored in it, and where its APIs are."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionError as AwsConnectionError

from parlance.agents.definitions import AgentStore
from parlance.agents.secrets import SecretStore
from parlance.agents.skills import SkillsetStore
from parlance.clock import Clock, SystemClock
from parlance.conversations.collaborators import Sweeps
from parlance.conversations.port import ConversationStore, TurnStore
from parlance.errors import UnavailableError
from parlance.identity.issuers import IssuerStore
from parlance.identity.keys import SecretSource
from parlance.identity.licenses import LicenseStore
from parlance.identity.login_sessions import LoginSessionStore
from parlance.identity.port import TenantStore
from parlance.identity.secrets import RandomSecrets
from parlance.identity.service_keys import ServiceKeyStore
from parlance.identity.users import AccountStore
from parlance.identity.vault import Vault
from parlance.identity.web_keys import AdminKey, WebKeyStore, WidgetKey
from parlance.ids import IdSource, RandomIds
from parlance.knowledge.datasets import DatasetStore
from parlance.knowledge.indexing import AnnouncedDatasets, IndexRequests, NoRequests
from parlance.knowledge.snapshots import SnapshotStore
from parlance.outbound.addresses import Guard
from parlance.privacy.port import Census, People, RetentionStore
from parlance.realtime.queues import Sending, SqsIndexRequests, SqsQueue, SqsSweeps
from parlance.storage.agents import AgentRepository
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.census import TableCensus
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.issuers import DynamoIssuerStore
from parlance.storage.licenses import DynamoLicenseStore
from parlance.storage.login_sessions import DynamoLoginSessionStore
from parlance.storage.people import DynamoPeople
from parlance.storage.retention import DynamoRetentionStore
from parlance.storage.secrets import SecretsManager
from parlance.storage.service_keys import DynamoServiceKeyStore
from parlance.storage.skillsets import SkillsetRepository
from parlance.storage.snapshots import S3SnapshotStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.usage import DynamoUsageStore
from parlance.storage.users_directory import DynamoAccountStore
from parlance.storage.vaults import vault_of
from parlance.storage.web_keys import admin_key_store, widget_key_store
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.usage.port import BudgetStore, UsageStore
from parlance.webhooks.port import Deliveries, WebhookStore
from parlance.webhooks.queueing import SqsDeliveries
from parlance_cli.credentials import read_credentials, read_vault_key, text_of
from parlance_cli.errors import CliError, LocalCloudNotRunningError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

LOCAL_STACK = "parlance"
_LOCAL_REGION = "us-east-1"
# An emulator on loopback is asked without the proxy and the patience that AWS may need.
_LOCAL_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}, proxies={})


class NoQueue:
    """Where the tables are known, but no queue."""

    def send(self, body: str, *, delay_seconds: int = 0) -> None:  # noqa: ARG002
        raise UnavailableError("The queues of this deployment are not known.")


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues that operators put messages into, and which private hosts webhooks may be on."""

    sweeps: Sending = field(default_factory=NoQueue)
    webhooks: Sending = field(default_factory=NoQueue)
    private_webhook_hosts: str = ""


@dataclass(frozen=True, kw_only=True)
class Affairs:
    """Webhooks, budgets, usage, and what is kept of users."""

    webhooks: WebhookStore
    deliveries: Deliveries
    webhook_guard: Guard
    budgets: BudgetStore
    usage: UsageStore
    conversations: ConversationStore
    turns: TurnStore
    people: People
    census: Census
    retention: RetentionStore
    sweeps: Sweeps


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the identity dialect knows callers by: the stores, and the vault for the secrets in them."""

    licenses: LicenseStore
    service_keys: ServiceKeyStore
    accounts: AccountStore
    sessions: LoginSessionStore
    issuers: IssuerStore
    vault: Vault


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The stores behind a stack and the addresses in front of it. `local` when it runs on this machine."""

    base_url: str
    websocket_url: str
    tenants: TenantStore
    agents: AgentStore
    datasets: DatasetStore
    skillsets: SkillsetStore
    tenant_secrets: SecretStore
    affairs: Affairs
    widget_keys: WebKeyStore[WidgetKey]
    admin_keys: WebKeyStore[AdminKey]
    credentials: Credentials
    snapshots: SnapshotStore | None = None
    local: bool = False
    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=RandomIds)
    secrets: SecretSource = field(default_factory=RandomSecrets)


def on_tables(
    conversations: Table,
    identity: Table,
    vault: Vault,
    tenant_secrets: SecretStore,
    *,
    base_url: str,
    websocket_url: str,
    requests: IndexRequests | None = None,
    snapshots: SnapshotStore | None = None,
    local: bool = False,
    queues: Queues | None = None,
) -> Deployment:
    """The deployment whose data lie in these two tables, its secrets sealed by that vault or in that store."""
    return Deployment(
        base_url=base_url,
        websocket_url=websocket_url,
        tenants=DynamoTenantStore(identity),
        agents=AgentRepository(conversations),
        datasets=AnnouncedDatasets(
            DatasetRepository(conversations, SystemClock(), RandomIds()), requests or NoRequests()
        ),
        skillsets=SkillsetRepository(conversations),
        tenant_secrets=tenant_secrets,
        credentials=Credentials(
            licenses=DynamoLicenseStore(identity),
            service_keys=DynamoServiceKeyStore(identity),
            accounts=DynamoAccountStore(identity),
            sessions=DynamoLoginSessionStore(identity),
            issuers=DynamoIssuerStore(identity),
            vault=vault,
        ),
        affairs=_affairs(conversations, identity, queues or Queues()),
        widget_keys=widget_key_store(identity),
        admin_keys=admin_key_store(identity),
        snapshots=snapshots,
        local=local,
    )


def _affairs(conversations: Table, identity: Table, queues: Queues) -> Affairs:
    return Affairs(
        webhooks=DynamoWebhookStore(conversations),
        deliveries=SqsDeliveries(queues.webhooks),
        webhook_guard=Guard(private_hosts=queues.private_webhook_hosts.split(",")),
        budgets=DynamoBudgetStore(conversations),
        usage=DynamoUsageStore(conversations),
        conversations=DynamoConversationStore(conversations),
        turns=DynamoTurnStore(conversations),
        people=DynamoPeople(conversations, DynamoConnectionStore(conversations), RandomIds(), identity),
        census=TableCensus(conversations, identity),
        retention=DynamoRetentionStore(conversations),
        sweeps=SqsSweeps(queues.sweeps),
    )


def on_emulator(
    endpoint: str,
    *,
    conversations_table: str,
    identity_table: str,
    secrets_prefix: str,
    indexing_queue_url: str,
    snapshots_bucket: str,
    vault_key: str,
    base_url: str,
    websocket_url: str,
    queues: Queues | None = None,
) -> Deployment:
    """The deployment whose tables are in an emulator, with a key of its own for the secrets in them."""
    session = _emulator_session()
    client = session.client("dynamodb", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    secrets_manager = session.client("secretsmanager", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    sqs = partial(session.client, "sqs", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    s3 = partial(session.client, "s3", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    return on_tables(
        Table(client, conversations_table),
        Table(client, identity_table),
        vault_of(vault_key, SystemClock()),
        SecretsManager(lambda: secrets_manager, secrets_prefix),
        base_url=base_url,
        websocket_url=websocket_url,
        requests=SqsIndexRequests(SqsQueue(sqs, indexing_queue_url)),
        snapshots=S3SnapshotStore(s3, snapshots_bucket, SystemClock(), RandomIds()),
        local=True,
        queues=queues,
    )


def local_deployment(state_dir: Path) -> Deployment:
    """What runs on this machine with that state. Raises LocalCloudNotRunningError."""
    known = read_credentials(state_dir)
    endpoint, base_url = text_of(known, "aws_endpoint"), text_of(known, "base_url")
    websocket_url = text_of(known, "websocket_url")
    if not (endpoint and base_url and websocket_url):
        raise LocalCloudNotRunningError
    cloudformation = _emulator_session().client("cloudformation", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    try:
        outputs = _outputs(cloudformation.describe_stacks(StackName=LOCAL_STACK)["Stacks"])
    except AwsConnectionError as error:
        raise LocalCloudNotRunningError from error
    return on_emulator(
        endpoint,
        conversations_table=_named(outputs, "ConversationsTable"),
        identity_table=_named(outputs, "IdentityTable"),
        secrets_prefix=_named(outputs, "SecretsPrefix"),
        indexing_queue_url=_named(outputs, "IndexingQueueUrl"),
        snapshots_bucket=_named(outputs, "SnapshotsBucket"),
        vault_key=f"local:{read_vault_key(state_dir)}",
        base_url=base_url,
        websocket_url=websocket_url,
        queues=_queues(outputs, lambda: _emulator_session().client("sqs", endpoint_url=endpoint, config=_LOCAL_CONFIG)),
    )


def stack_deployment(name: str, *, region: str | None, profile: str | None) -> Deployment:
    """A stack on AWS, found by the outputs of its template."""
    session = boto3.Session(profile_name=profile, region_name=region)
    outputs = stack_outputs(session, name)
    client: DynamoDBClient = session.client("dynamodb")
    return on_tables(
        Table(client, _named(outputs, "ConversationsTable")),
        Table(client, _named(outputs, "IdentityTable")),
        _vault(outputs, lambda: session.client("kms")),
        SecretsManager(lambda: session.client("secretsmanager"), _named(outputs, "SecretsPrefix")),
        base_url=_named(outputs, "ApiUrl"),
        websocket_url=_named(outputs, "WebSocketUrl"),
        requests=SqsIndexRequests(SqsQueue(partial(session.client, "sqs"), _named(outputs, "IndexingQueueUrl"))),
        snapshots=S3SnapshotStore(
            partial(session.client, "s3"), _named(outputs, "SnapshotsBucket"), SystemClock(), RandomIds()
        ),
        queues=_queues(outputs, lambda: session.client("sqs")),
    )


class NoVault:
    """Where the stack does not say under which key its secrets lie: a local cloud keeps that to itself."""

    def encrypt(self, *_: object) -> Never:
        raise UnavailableError("The key of this deployment's secrets is not known.")

    decrypt = encrypt


def _vault(outputs: Mapping[str, str], make: Callable[[], Any]) -> Vault:
    key = outputs.get("VaultKey")
    return vault_of(key, SystemClock(), make) if key else NoVault()


def _queues(outputs: Mapping[str, str], make: "Callable[[], SQSClient]") -> Queues:
    client = cache(make)
    return Queues(
        sweeps=SqsQueue(client, _named(outputs, "SweepsQueueUrl")),
        webhooks=SqsQueue(client, _named(outputs, "WebhooksQueueUrl")),
        # An output cannot be empty, so there is none where no host is opened.
        private_webhook_hosts=outputs.get("PrivateWebhookHosts", ""),
    )


def stack_outputs(session: boto3.Session, name: str) -> Mapping[str, str]:
    """What the template of a stack on AWS says about what was made."""
    return _outputs(session.client("cloudformation").describe_stacks(StackName=name)["Stacks"])


def _emulator_session() -> boto3.Session:
    """With the emulator's own credentials, whatever profile the user's configuration names."""
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    core = botocore.session.Session(
        session_vars={"profile": nothing, "config_file": no_file, "credentials_file": no_file}
    )
    return boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        region_name=_LOCAL_REGION,
        botocore_session=core,
    )


def _outputs(stacks: list["StackTypeDef"]) -> Mapping[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for stack in stacks for output in stack.get("Outputs", [])}


def _named(outputs: Mapping[str, str], name: str) -> str:
    if name not in outputs:
        raise CliError(f"The stack has no output {name}: is it Parlance, and is its deployment complete?")
    return outputs[name]
