"""Tells webhooks how turns have ended."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from parlance.agents.secrets import CachedSecrets
from parlance.clock import SystemClock
from parlance.outbound.addresses import Guard
from parlance.realtime.consumers import Consumer, Context
from parlance.realtime.queues import SqsQueue
from parlance.settings import WebhooksSettings
from parlance.storage import clients
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.secrets import SecretsManager
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.webhooks import WebhookRepository
from parlance.webhooks.delivering import Deliveries


@cache
def consumer() -> Consumer:
    settings = WebhooksSettings.from_environment()
    clock = SystemClock()
    table = Table(clients.dynamodb(), settings.conversations_table)
    queue = SqsQueue(clients.sqs, settings.webhooks_queue_url)
    deliveries = Deliveries(
        WebhookRepository(table),
        DynamoConversationStore(table),
        DynamoTurnStore(table),
        queue,
        secrets=CachedSecrets(SecretsManager(clients.secrets_manager, settings.secrets_prefix), clock),
        addresses=Guard(),
        clock=clock,
    )
    return Consumer(deliveries.handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
