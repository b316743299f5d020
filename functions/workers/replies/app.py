"""Runs the pending turns of conversations, tells who listens, and greets new connections."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from parlance.agents.definitions import CachedAgents
from parlance.agents.models.extractive import ExtractiveModel
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.clock import SystemClock
from parlance.conversations.worker import Worker
from parlance.ids import RandomIds
from parlance.knowledge.search import Search
from parlance.realtime.consumers import Consumer, Context, Wakeups
from parlance.realtime.delivery import WebSocketAudience
from parlance.realtime.greeting import Greeter
from parlance.realtime.management import GatewayManagement
from parlance.realtime.queues import SqsIndexRequests, SqsQueue, SqsWakeups
from parlance.settings import RepliesSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.connections import DynamoConnectionStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.semantics import embeddings_of
from parlance.storage.snapshots import S3SnapshotStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore


@cache
def consumer() -> Consumer:
    settings = RepliesSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    queue = SqsQueue(clients.sqs, settings.wakeups_queue_url)
    management = GatewayManagement(partial(clients.management, settings.websocket_endpoint))
    connections = DynamoConnectionStore(table)
    search = Search(
        DatasetRepository(table, clock, ids),
        clock,
        snapshots=S3SnapshotStore(clients.s3, settings.snapshots_bucket, clock, ids),
        requests=SqsIndexRequests(SqsQueue(clients.sqs, settings.indexing_queue_url)),
        semantics=embeddings_of(settings, clock),
    )
    models = ModelRegistry({"extractive": lambda: ExtractiveModel(search)})
    worker = Worker(
        DynamoTurnStore(table),
        AgentResponder(CachedAgents(AgentRepository(table), clock), models),
        WebSocketAudience(management, connections, clock),
        SqsWakeups(queue),
        clock=clock,
        ids=ids,
    )
    return Consumer(Wakeups(worker, Greeter(management, connections, clock), clock).handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
