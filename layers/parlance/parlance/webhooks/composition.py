"""What tells of the ends of turns, put together once for every function that runs turns."""

from parlance.clock import Clock
from parlance.realtime.queues import SqsQueue
from parlance.settings import AnsweringSettings
from parlance.storage import clients
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.webhooks.announcing import TurnNews
from parlance.webhooks.queueing import SqsDeliveries


def news(table: Table, settings: AnsweringSettings, *, clock: Clock) -> TurnNews:
    """`table` is the Conversations table."""
    deliveries = SqsDeliveries(SqsQueue(clients.sqs, settings.webhooks_queue_url))
    return TurnNews(DynamoWebhookStore(table), DynamoTurnStore(table), deliveries, clock=clock)
