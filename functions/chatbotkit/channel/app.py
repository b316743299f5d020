"""Publishing in channels."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.platform.channels import ChannelCalls, Channels
from parlance.platform.house import House
from parlance.platform.paths import ANSWERED
from parlance.platform.service import PlatformService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    house = House.from_environment()
    return house.service(ChannelCalls(Channels(house.library, house.clock)).routes(), elsewhere=ANSWERED)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
