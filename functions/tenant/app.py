"""A tenant's own affairs over REST: usage, budgets, export, erasure, keys."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.chats.errors import explain
from parlance.chats.gate import Gate
from parlance.clock import SystemClock
from parlance.http.group import Group
from parlance.identity.administration import Administration
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.identity.secrets import RandomSecrets
from parlance.identity.web_keys import WidgetKeys
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.privacy.export import Exporter
from parlance.realtime.queues import SqsQueue, SqsSweeps
from parlance.settings import TenantRestSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.budgets import DynamoBudgetStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.retention import DynamoRetentionStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.usage import DynamoUsageStore
from parlance.storage.web_keys import widget_key_store
from parlance.tenants.keys import KeyRest
from parlance.tenants.rest import TenantRest
from parlance.usage.administration import BudgetAdministration
from parlance.usage.reports import Reports

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[Principal]:
    settings = TenantRestSettings.from_environment()
    clock = SystemClock()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    tenants, ids, secrets = DynamoTenantStore(identity), RandomIds(), RandomSecrets()
    tenant = TenantRest(
        Reports(DynamoUsageStore(table)),
        BudgetAdministration(DynamoBudgetStore(table), clock),
        Exporter(DynamoConversationStore(table)),
        SqsSweeps(SqsQueue(clients.sqs, settings.sweeps_queue_url)),
        DynamoRetentionStore(table),
        clock=clock,
    )
    keys = KeyRest(
        Administration(tenants, clock=clock, ids=ids, secrets=secrets),
        WidgetKeys(widget_key_store(identity), clock=clock, ids=ids, secrets=secrets),
        AgentRepository(table),
    )
    gate = Gate(Authenticator(tenants, clock), RateLimiter(DynamoCounterStore(table), clock))
    return Group([*tenant.routes(), *keys.routes()], gate=gate, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
