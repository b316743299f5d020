"""Tasks."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.platform.task_runs import TaskRuns
from parlance.platform.tasks import TaskCalls
from parlance.realtime.queues import SqsErrands, SqsQueue
from parlance.settings import PlatformTaskSettings
from parlance.storage import clients

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformTaskSettings.from_environment()
    errands = SqsErrands(SqsQueue(clients.sqs, settings.errands_queue_url))
    house = House.from_environment(errands=errands)
    runs = TaskRuns(house.library, errands, house.clock)
    calls = TaskCalls(house.library, runs, house.clock)
    return house.service(calls.routes(), kinds=("task", "taskExecution"))


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
