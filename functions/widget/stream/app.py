"""Messages of visitors, with the replies streamed."""

from functools import cache

from parlance.agents.definitions import CachedAgents
from parlance.agents.models.extractive import ExtractiveModel
from parlance.agents.models.registry import ModelRegistry
from parlance.agents.responder import AgentResponder
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import TurnEngine
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.identity.secrets import RandomSecrets
from parlance.identity.web_keys import WidgetKey, WidgetKeys
from parlance.ids import RandomIds
from parlance.knowledge.search import Search
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import WidgetStreamSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.datasets import DatasetRepository
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.visits import DynamoVisitLog
from parlance.storage.web_keys import widget_key_store
from parlance.widget.errors import explain
from parlance.widget.gate import WidgetGate
from parlance.widget.replies import WidgetReplies


@cache
def group() -> StreamingGroup[WidgetKey]:
    settings = WidgetStreamSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    turns = DynamoTurnStore(table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    search = Search(DatasetRepository(table, clock, ids), clock)
    models = ModelRegistry({"extractive": lambda: ExtractiveModel(search)})
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    caller = Caller(
        engine,
        turns,
        AgentResponder(CachedAgents(AgentRepository(table), clock), models),
        wakeups,
        clock=clock,
        ids=ids,
    )
    keys = WidgetKeys(widget_key_store(identity), clock=clock, ids=ids, secrets=RandomSecrets())
    gate = WidgetGate(keys, RateLimiter(DynamoCounterStore(table), clock))
    replies = WidgetReplies(caller, engine, DynamoConversationStore(table), DynamoVisitLog(table), clock=clock)
    return StreamingGroup(replies.routes(), gate=gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
