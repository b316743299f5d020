"""Conversations and their messages, but for the calls that a model answers."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from parlance.conversations.service import Conversations
from parlance.platform.conversation_calls import ConversationCalls
from parlance.platform.conversations import MessageDocuments
from parlance.platform.house import House
from parlance.platform.paths import ANSWERED
from parlance.platform.service import PlatformService
from parlance.realtime.queues import SqsQueue, SqsSweeps
from parlance.settings import PlatformConversationSettings
from parlance.storage import clients
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.turns import DynamoTurnStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def service() -> PlatformService:
    settings = PlatformConversationSettings.from_environment()
    house = House.from_environment()
    store, turns = DynamoConversationStore(house.table), DynamoTurnStore(house.table)
    sweeps = SqsSweeps(SqsQueue(clients.sqs, settings.sweeps_queue_url))
    calls = ConversationCalls(
        house.library,
        Conversations(store, turns, sweeps, clock=house.clock, ids=house.ids),
        MessageDocuments(store, turns, clock=house.clock, ids=house.ids),
        house.sessions,
    )
    return house.service(calls.routes(), kinds=("conversation", "message"), elsewhere=ANSWERED)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return service()(event, context)
