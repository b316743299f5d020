"""Files and their content."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.platform.files import FileCalls
from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.realtime.queues import SqsErrands, SqsQueue
from parlance.settings import PlatformFileSettings
from parlance.storage import clients
from parlance.storage.contents import S3ContentStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformFileSettings.from_environment()
    contents = S3ContentStore(clients.files, settings.files_bucket)
    errands = SqsErrands(SqsQueue(clients.sqs, settings.errands_queue_url))
    house = House.from_environment(errands=errands, contents=contents)
    return house.service(FileCalls(house.library, contents, errands).routes(), kinds=("file",))


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
