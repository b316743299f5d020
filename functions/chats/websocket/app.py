"""Connections and frames of the chats over WebSocket."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from parlance.chats.handshake import Handshake
from parlance.chats.inbound import Inbound
from parlance.chats.websocket import ChatsWebSocket
from parlance.clock import SystemClock
from parlance.conversations.engine import TurnEngine
from parlance.identity.authentication import Authenticator
from parlance.identity.secrets import RandomSecrets
from parlance.identity.tickets import Tickets
from parlance.identity.web_keys import TicketKeys
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.realtime.connections import Connections
from parlance.realtime.management import GatewayManagement
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import ChatsWebSocketSettings
from parlance.storage import clients
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.tickets import DynamoTicketStore
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.web_keys import widget_key_store


@cache
def chats() -> ChatsWebSocket:
    settings = ChatsWebSocketSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    management = GatewayManagement(partial(clients.management, settings.websocket_endpoint))
    # A visitor's ticket leads to the widget key that it was asked for with.
    authenticator = Authenticator(TicketKeys(DynamoTenantStore(identity), widget_key_store(identity)), clock)
    store = DynamoConnectionStore(table)
    conversations = DynamoConversationStore(table)
    handshake = Handshake(
        authenticator,
        Tickets(DynamoTicketStore(table), clock=clock, ids=ids, secrets=RandomSecrets()),
        conversations,
        Connections(store, management, clock=clock, ids=ids),
        store,
        wakeups,
        clock=clock,
    )
    inbound = Inbound(
        store,
        RateLimiter(DynamoCounterStore(table), clock),
        authenticator,
        conversations,
        TurnEngine(DynamoTurnStore(table), wakeups, clock=clock, ids=ids),
        management,
        clock=clock,
        ids=ids,
    )
    return ChatsWebSocket(handshake, inbound)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return chats()(event, context)
