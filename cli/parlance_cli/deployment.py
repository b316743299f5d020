"""One deployed stack, as an operator sees it: what is stored in it, and where its APIs are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectionError as AwsConnectionError

from parlance.agents.definitions import AgentStore
from parlance.clock import Clock, SystemClock
from parlance.identity.keys import SecretSource
from parlance.identity.port import TenantStore
from parlance.identity.secrets import RandomSecrets
from parlance.identity.web_keys import AdminKey, WebKeyStore, WidgetKey
from parlance.ids import IdSource, RandomIds
from parlance.knowledge.datasets import DatasetStore
from parlance.storage.agents import AgentRepository
from parlance.storage.datasets import DatasetRepository
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.web_keys import admin_key_store, widget_key_store
from parlance_cli.credentials import read_credentials, text_of
from parlance_cli.errors import CliError, LocalCloudNotRunningError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient

LOCAL_STACK = "parlance"
_LOCAL_REGION = "us-east-1"
# An emulator on loopback is asked without the proxy and the patience that AWS may need.
_LOCAL_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}, proxies={})


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The stores behind a stack and the addresses in front of it."""

    base_url: str
    websocket_url: str
    tenants: TenantStore
    agents: AgentStore
    datasets: DatasetStore
    widget_keys: WebKeyStore[WidgetKey]
    admin_keys: WebKeyStore[AdminKey]
    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=RandomIds)
    secrets: SecretSource = field(default_factory=RandomSecrets)


def on_tables(conversations: Table, identity: Table, *, base_url: str, websocket_url: str) -> Deployment:
    """The deployment whose data lie in these two tables."""
    return Deployment(
        base_url=base_url,
        websocket_url=websocket_url,
        tenants=DynamoTenantStore(identity),
        agents=AgentRepository(conversations),
        datasets=DatasetRepository(conversations, SystemClock(), RandomIds()),
        widget_keys=widget_key_store(identity),
        admin_keys=admin_key_store(identity),
    )


def on_emulator(
    endpoint: str, *, conversations_table: str, identity_table: str, base_url: str, websocket_url: str
) -> Deployment:
    """The deployment whose tables are in an emulator."""
    client = _emulator_session().client("dynamodb", endpoint_url=endpoint, config=_LOCAL_CONFIG)
    return on_tables(
        Table(client, conversations_table),
        Table(client, identity_table),
        base_url=base_url,
        websocket_url=websocket_url,
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
        base_url=base_url,
        websocket_url=websocket_url,
    )


def stack_deployment(name: str, *, region: str | None, profile: str | None) -> Deployment:
    """A stack on AWS, found by the outputs of its template."""
    session = boto3.Session(profile_name=profile, region_name=region)
    outputs = _outputs(session.client("cloudformation").describe_stacks(StackName=name)["Stacks"])
    client: DynamoDBClient = session.client("dynamodb")
    return on_tables(
        Table(client, _named(outputs, "ConversationsTable")),
        Table(client, _named(outputs, "IdentityTable")),
        base_url=_named(outputs, "ApiUrl"),
        websocket_url=_named(outputs, "WebSocketUrl"),
    )


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
