"""Removes what is left of deleted conversations."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from parlance.clock import SystemClock
from parlance.conversations.sweeper import Sweeper
from parlance.realtime.consumers import Consumer, Context, Deletions
from parlance.realtime.queues import SqsQueue, SqsSweeps
from parlance.settings import SweepsSettings
from parlance.storage import clients
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table


@cache
def consumer() -> Consumer:
    settings = SweepsSettings.from_environment()
    clock = SystemClock()
    queue = SqsQueue(clients.sqs, settings.sweeps_queue_url)
    sweeper = Sweeper(DynamoConversationStore(Table(clients.dynamodb(), settings.conversations_table)), clock=clock)
    return Consumer(Deletions(sweeper, SqsSweeps(queue)).handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
