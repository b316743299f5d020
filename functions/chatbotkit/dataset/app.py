"""Datasets, their records and files, and search in them."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.knowledge import composition as knowledge
from parlance.knowledge.indexing import AnnouncedDatasets
from parlance.platform.datasets import DatasetCalls
from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.realtime.queues import SqsErrands, SqsIndexRequests, SqsQueue
from parlance.settings import PlatformDatasetSettings
from parlance.storage import clients
from parlance.storage.contents import S3ContentStore
from parlance.storage.datasets import DatasetRepository

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformDatasetSettings.from_environment()
    requests = SqsIndexRequests(SqsQueue(clients.sqs, settings.indexing_queue_url))
    house = House.from_environment(requests)
    # Whoever writes a record finds it at once.
    search = knowledge.search(house.table, settings, clock=house.clock, ids=house.ids, ttl=0)
    records = AnnouncedDatasets(DatasetRepository(house.table, house.clock, house.ids), requests)
    contents = S3ContentStore(clients.files, settings.files_bucket)
    errands = SqsErrands(SqsQueue(clients.sqs, settings.errands_queue_url))
    calls = DatasetCalls(house.library, search, records, contents, errands)
    return house.service(calls.routes(), kinds=("dataset", "record", "datasetFile"))


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
