"""Sends the events of turns to whom their tenants have named."""

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
from parlance.storage.secrets import SecretsManager
from parlance.storage.table import Table
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.webhooks.delivering import Deliverer
from parlance.webhooks.queueing import Outbox
from parlance.webhooks.sending import Sender


@cache
def consumer() -> Consumer:
    settings = WebhooksSettings.from_environment()
    clock = SystemClock()
    guard = Guard(private_hosts=settings.private_webhook_hosts.split(","))
    deliverer = Deliverer(
        DynamoWebhookStore(Table(clients.dynamodb(), settings.conversations_table)),
        CachedSecrets(SecretsManager(clients.secrets_manager, settings.secrets_prefix), clock),
        Sender(guard, clock),
        clock,
    )
    return Consumer(Outbox(deliverer).handle, SqsQueue(clients.sqs, settings.webhooks_queue_url), clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
