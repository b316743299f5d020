"""Bots: their life cycle, copies, votes, memories and usage."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.http.viewers import Viewers
from parlance.platform.bots import BotCalls
from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.settings import PlatformBotSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    house = House.from_environment()
    gate = house.public_gate(Viewers(PlatformBotSettings.from_environment().origin_secret))
    return house.service(BotCalls(house.library, house.sessions).routes(), kinds=("bot",), gate=gate)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
