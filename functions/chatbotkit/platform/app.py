"""What the platform offers."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.platform.catalogue import CATALOGUE, CatalogueCalls
from parlance.platform.house import House
from parlance.platform.service import PlatformService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    house = House.from_environment()
    return house.service(CatalogueCalls().routes(), kinds=[resource.kind for resource in CATALOGUE])


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
