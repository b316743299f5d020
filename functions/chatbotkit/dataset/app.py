"""Datasets, their records and files, and search in them."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.knowledge import composition as knowledge
from parlance.platform.datasets import DatasetCalls
from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.realtime.queues import SqsIndexRequests, SqsQueue
from parlance.settings import PlatformDatasetSettings
from parlance.storage import clients

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformDatasetSettings.from_environment()
    house = House.from_environment(SqsIndexRequests(SqsQueue(clients.sqs, settings.indexing_queue_url)))
    # Whoever writes a record finds it at once.
    search = knowledge.search(house.table, settings, clock=house.clock, ids=house.ids, ttl=0)
    return house.service(DatasetCalls(house.library, search).routes(), kinds=("dataset", "record", "datasetFile"))


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
