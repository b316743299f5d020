"""Integrations of every kind."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.conversations.engine import TurnEngine
from parlance.platform.conversing import Conversing
from parlance.platform.house import House
from parlance.platform.integration_calls import IntegrationCalls
from parlance.platform.service import PlatformService
from parlance.platform.triggers import Triggers
from parlance.realtime.queues import SqsErrands, SqsQueue, SqsWakeups
from parlance.settings import PlatformIntegrationSettings
from parlance.storage import clients
from parlance.storage.turns import DynamoTurnStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformIntegrationSettings.from_environment()
    house = House.from_environment(errands=SqsErrands(SqsQueue(clients.sqs, settings.errands_queue_url)))
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    engine = TurnEngine(DynamoTurnStore(house.table), wakeups, clock=house.clock, ids=house.ids)
    triggers = Triggers(house.library, Conversing(house.library, engine), house.clock, house.ids)
    return house.service(IntegrationCalls(house.library, triggers).routes())


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
