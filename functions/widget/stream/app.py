"""Messages of visitors, with the replies streamed."""

from functools import cache

from parlance.agents import composition as agents
from parlance.clock import SystemClock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import TurnEngine
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.http.viewers import Viewers
from parlance.identity.secrets import RandomSecrets
from parlance.identity.web_keys import WidgetKey, WidgetKeys
from parlance.ids import RandomIds
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import WidgetStreamSettings
from parlance.storage import clients
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore
from parlance.storage.visits import DynamoVisitLog
from parlance.storage.web_keys import widget_key_store
from parlance.usage import composition as usage
from parlance.webhooks import composition as webhooks
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
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    caller = Caller(
        engine,
        turns,
        agents.responder(table, settings, clock=clock, ids=ids),
        wakeups,
        clock=clock,
        ids=ids,
        accounts=usage.accounts(table, settings, clock=clock),
        news=webhooks.news(table, settings, clock=clock),
    )
    keys = WidgetKeys(widget_key_store(identity), clock=clock, ids=ids, secrets=RandomSecrets())
    gate = WidgetGate(keys, RateLimiter(DynamoCounterStore(table), clock), Viewers(settings.origin_secret))
    replies = WidgetReplies(caller, engine, DynamoConversationStore(table), DynamoVisitLog(table), clock=clock)
    return StreamingGroup(replies.routes(), gate=gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
