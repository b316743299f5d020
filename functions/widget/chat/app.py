"""The calls of the widget dialect that need no model, and the operators' calls."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.clock import SystemClock
from parlance.conversations.engine import TurnEngine
from parlance.http.group import Group
from parlance.http.viewers import Viewers
from parlance.identity.secrets import RandomSecrets
from parlance.identity.tickets import Tickets
from parlance.identity.web_keys import AdminKey, AdminKeys, WidgetKey, WidgetKeys
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import WidgetChatSettings
from parlance.storage import clients
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from parlance.storage.tickets import DynamoTicketStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.visits import DynamoVisitLog
from parlance.storage.web_keys import admin_key_store, widget_key_store
from parlance.widget import admin
from parlance.widget.admin import AdminGate, WidgetAdmin
from parlance.widget.calls import WidgetCalls
from parlance.widget.errors import explain
from parlance.widget.gate import WidgetGate

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def groups() -> tuple[Group[WidgetKey], Group[AdminKey]]:
    """The pages' calls and the operators'."""
    settings = WidgetChatSettings.from_environment()
    clock, ids, secrets = SystemClock(), RandomIds(), RandomSecrets()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    conversations, visits = DynamoConversationStore(table), DynamoVisitLog(table)
    limiter, viewers = RateLimiter(DynamoCounterStore(table), clock), Viewers(settings.origin_secret)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    engine = TurnEngine(DynamoTurnStore(table), wakeups, clock=clock, ids=ids)
    tickets = Tickets(DynamoTicketStore(table), clock=clock, ids=ids, secrets=secrets)
    pages = WidgetCalls(engine, conversations, visits, tickets, clock=clock, ids=ids)
    operators = WidgetAdmin(conversations, visits)
    widget_keys = WidgetKeys(widget_key_store(identity), clock=clock, ids=ids, secrets=secrets)
    admin_keys = AdminKeys(admin_key_store(identity), clock=clock, ids=ids, secrets=secrets)
    return (
        Group(pages.routes(), gate=WidgetGate(widget_keys, limiter, viewers), explain=explain),
        Group(operators.routes(), gate=AdminGate(admin_keys, limiter), explain=explain),
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    pages, operators = groups()
    return operators(event, context) if event["path"].startswith(admin.ROOT) else pages(event, context)
