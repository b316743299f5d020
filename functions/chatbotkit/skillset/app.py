"""Skillsets and their abilities."""

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from parlance.platform.house import House
from parlance.platform.service import PlatformService
from parlance.platform.skillsets import AbilityCalls, Executing
from parlance.platform.unkept import Unkept
from parlance.settings import PlatformSkillsetSettings
from parlance.storage.agents import AgentRepository

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    house = House.from_environment()
    settings = PlatformSkillsetSettings.from_environment()
    executing = cache(partial(_executing, house, settings))
    return house.service(AbilityCalls(house.library, executing).routes(), kinds=("skillset", "ability"))


def _executing(house: House, settings: PlatformSkillsetSettings) -> Executing:
    """What abilities are run with, which most calls of this function need nothing of."""
    from parlance.agents import composition as answers  # noqa: PLC0415
    from parlance.usage import composition as usage  # noqa: PLC0415
    from parlance.usage.unkept import UnkeptAnswers  # noqa: PLC0415

    clock, ids, agents = house.clock, house.ids, AgentRepository(house.table)
    answering = answers.answering(house.table, settings, clock=clock, ids=ids, ttl=0)
    accounts = UnkeptAnswers(usage.accounts(house.table, settings, clock=clock), clock=clock, ids=ids)
    return Executing(answering.workshop, agents, Unkept(answering, agents, accounts))


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
