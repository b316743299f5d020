"""Keeps the snapshots of datasets, from which search starts."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.indexer import Indexer
from parlance.realtime.consumers import Consumer, Context, Indexings
from parlance.realtime.queues import SqsIndexRequests, SqsQueue
from parlance.settings import IndexingSettings
from parlance.storage import clients
from parlance.storage.datasets import DatasetRepository
from parlance.storage.semantics import embeddings_of
from parlance.storage.snapshots import S3SnapshotStore
from parlance.storage.table import Table


@cache
def consumer() -> Consumer:
    settings = IndexingSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    queue = SqsQueue(clients.sqs, settings.indexing_queue_url)
    indexer = Indexer(
        DatasetRepository(Table(clients.dynamodb(), settings.conversations_table), clock, ids),
        S3SnapshotStore(clients.s3, settings.snapshots_bucket, clock, ids),
        SqsIndexRequests(queue),
        embeddings_of(settings, clock),
    )
    return Consumer(Indexings(indexer).handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
