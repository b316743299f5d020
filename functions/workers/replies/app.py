"""Runs the pending turns of conversations, tells who listens, and greets new connections."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from parlance.agents import composition as agents
from parlance.clock import SystemClock
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.realtime.consumers import Consumer, Context, Wakeups
from parlance.realtime.delivery import WebSocketAudience
from parlance.realtime.greeting import Greeter
from parlance.realtime.management import GatewayManagement
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import RepliesSettings
from parlance.storage import clients
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.usage import composition as usage
from parlance.webhooks import composition as webhooks


@cache
def consumer() -> Consumer:
    settings = RepliesSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    queue = SqsQueue(clients.sqs, settings.wakeups_queue_url)
    management = GatewayManagement(partial(clients.management, settings.websocket_endpoint))
    connections = DynamoConnectionStore(table)
    worker = Worker(
        DynamoTurnStore(table),
        agents.responder(table, settings, clock=clock, ids=ids),
        WebSocketAudience(management, connections, clock),
        SqsWakeups(queue),
        clock=clock,
        ids=ids,
        accounts=usage.accounts(table, settings, clock=clock),
        news=webhooks.news(table, settings, clock=clock),
    )
    return Consumer(Wakeups(worker, Greeter(management, connections, clock), clock).handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
