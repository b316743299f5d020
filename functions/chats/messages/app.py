"""Messages sent to chats over HTTP; the replies are streamed."""

from functools import cache

from parlance.agents.definitions import CachedAgents
from parlance.agents.models.extractive import ExtractiveModel
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.chats.errors import explain
from parlance.chats.gate import Gate
from parlance.chats.messages import ChatMessages
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import TurnEngine
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.ids import RandomIds
from parlance.knowledge.search import Search
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import ChatsMessagesSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore


@cache
def group() -> StreamingGroup[Principal]:
    settings = ChatsMessagesSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    turns = DynamoTurnStore(table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    search = Search(DatasetRepository(table, clock, ids), clock)
    models = ModelRegistry({"extractive": lambda: ExtractiveModel(search)})
    caller = Caller(
        TurnEngine(turns, wakeups, clock=clock, ids=ids),
        turns,
        AgentResponder(CachedAgents(AgentRepository(table), clock), models),
        wakeups,
        clock=clock,
        ids=ids,
    )
    gate = Gate(Authenticator(DynamoTenantStore(identity), clock), RateLimiter(DynamoCounterStore(table), clock))
    return StreamingGroup(ChatMessages(caller, clock=clock).routes(), gate=gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
