"""Chats, their messages, turns and tickets over REST."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.chats.errors import explain
from parlance.chats.gate import Gate
from parlance.chats.rest import ChatsRest
from parlance.clock import SystemClock
from parlance.conversations.engine import TurnEngine
from parlance.conversations.service import Conversations
from parlance.http.group import Group
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.identity.secrets import RandomSecrets
from parlance.identity.tickets import Tickets
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsSweeps, SqsWakeups
from parlance.settings import ChatsRestSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.tickets import DynamoTicketStore
from parlance.storage.turns import DynamoTurnStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def group() -> Group[Principal]:
    settings = ChatsRestSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    turns = DynamoTurnStore(table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    sweeps = SqsSweeps(SqsQueue(clients.sqs, settings.sweeps_queue_url))
    chats = ChatsRest(
        Conversations(DynamoConversationStore(table), turns, sweeps, clock=clock, ids=ids),
        TurnEngine(turns, wakeups, clock=clock, ids=ids),
        AgentRepository(table),
        Tickets(DynamoTicketStore(table), clock=clock, ids=ids, secrets=RandomSecrets()),
        clock=clock,
    )
    gate = Gate(Authenticator(DynamoTenantStore(identity), clock), RateLimiter(DynamoCounterStore(table), clock))
    return Group(chats.routes(), gate=gate, explain=explain)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return group()(event, context)
