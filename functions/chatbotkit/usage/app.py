"""What an account holds and has used."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.platform.usage import UsageCalls
from parlance.storage.usage import DynamoUsageStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    house = House.from_environment()
    return house.service(UsageCalls(house.library, DynamoUsageStore(house.table), house.clock).routes())


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
