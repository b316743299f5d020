"""Removes what is left of deleted conversations, and users who are to be forgotten."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from parlance.clock import SystemClock
from parlance.conversations.service import Conversations
from parlance.conversations.sweeper import Sweeper
from parlance.ids import RandomIds
from parlance.privacy.erasure import Erasure
from parlance.realtime.consumers import Consumer, Context, Deletions
from parlance.realtime.management import GatewayManagement
from parlance.realtime.queues import SqsQueue, SqsSweeps
from parlance.settings import SweepsSettings
from parlance.storage import clients
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.contents import S3ContentStore
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.people import DynamoPeople
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore


@cache
def consumer() -> Consumer:
    settings = SweepsSettings.from_environment()
    clock = SystemClock()
    queue = SqsQueue(clients.sqs, settings.sweeps_queue_url)
    table = Table(clients.dynamodb(), settings.conversations_table)
    store, sweeps = DynamoConversationStore(table), SqsSweeps(queue)
    ids = RandomIds()
    contents = S3ContentStore(clients.files, settings.files_bucket)
    conversations = Conversations(store, DynamoTurnStore(table), sweeps, clock=clock, ids=ids)
    management = GatewayManagement(partial(clients.management, settings.websocket_endpoint))
    erasure = Erasure(conversations, DynamoPeople(table, DynamoConnectionStore(table), ids), management)
    return Consumer(Deletions(Sweeper(store, contents, clock=clock), sweeps, erasure, sweeps).handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
