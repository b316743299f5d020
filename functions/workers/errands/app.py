"""Does what the functions of the platform dialect leave to a worker."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from parlance.clock import SystemClock
from parlance.conversations.engine import TurnEngine
from parlance.ids import RandomIds
from parlance.knowledge.indexing import AnnouncedDatasets
from parlance.platform.conversing import Conversing
from parlance.platform.declarations import RESOURCES
from parlance.platform.due import Due
from parlance.platform.errand_runner import ErrandRunner
from parlance.platform.file_reading import FileReader
from parlance.platform.library import Library
from parlance.platform.scheduled_documents import TASK, TRIGGER
from parlance.platform.task_runner import TaskRunner
from parlance.platform.task_runs import TaskRuns
from parlance.platform.triggers import Triggers
from parlance.realtime.consumers import Consumer, Context
from parlance.realtime.queues import SqsErrands, SqsIndexRequests, SqsQueue, SqsWakeups
from parlance.settings import ErrandsSettings
from parlance.storage import clients
from parlance.storage.contents import S3ContentStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.library import stores
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore


@cache
def consumer() -> Consumer:
    settings = ErrandsSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    queue = SqsQueue(clients.sqs, settings.errands_queue_url)
    errands = SqsErrands(queue)
    requests = SqsIndexRequests(SqsQueue(clients.sqs, settings.indexing_queue_url))
    contents = S3ContentStore(clients.files, settings.files_bucket)
    library = Library(RESOURCES, stores(table, clock, ids, requests, errands, contents), clock=clock, ids=ids)
    datasets = AnnouncedDatasets(DatasetRepository(table, clock, ids), requests)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    engine = TurnEngine(DynamoTurnStore(table), wakeups, clock=clock, ids=ids)
    conversing, runs = Conversing(library, engine), TaskRuns(library, errands, clock)
    scheduled = {TASK: runs.start, TRIGGER: Triggers(library, conversing, clock, ids).run}
    runner = ErrandRunner(
        FileReader(library, datasets, contents, clock),
        contents,
        TaskRunner(library, runs, conversing, engine, errands, clock),
        Due(library, errands, clock, scheduled),
    )
    return Consumer(runner.handle, queue, clock)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return consumer()(event, context)
