"""Search in datasets, put together once for every function that searches."""

from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.knowledge.search import MAX_VERSION_AGE, Search
from parlance.realtime.queues import SqsIndexRequests, SqsQueue
from parlance.settings import SearchSettings
from parlance.storage import clients
from parlance.storage.datasets import DatasetRepository
from parlance.storage.semantics import embeddings_of
from parlance.storage.snapshots import S3SnapshotStore
from parlance.storage.table import Table


def search(
    table: Table, settings: SearchSettings, *, clock: Clock, ids: IdSource, ttl: float = MAX_VERSION_AGE
) -> Search:
    """`table` is the Conversations table; `ttl` is for how many seconds a dataset's version is believed."""
    return Search(
        DatasetRepository(table, clock, ids),
        clock,
        ttl=ttl,
        snapshots=S3SnapshotStore(clients.s3, settings.snapshots_bucket, clock, ids),
        requests=SqsIndexRequests(SqsQueue(clients.sqs, settings.indexing_queue_url)),
        semantics=embeddings_of(settings, clock),
    )
