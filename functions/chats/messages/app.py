"""Messages sent to chats over HTTP; the replies are streamed."""

from functools import cache

from parlance.agents import composition as agents
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
from parlance.limits.rates import RateLimiter
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import ChatsMessagesSettings
from parlance.storage import clients
from parlance.storage.counters import DynamoCounterStore
from parlance.storage.table import Table
from parlance.storage.tenants import DynamoTenantStore
from parlance.storage.turns import DynamoTurnStore
from parlance.usage import composition as usage
from parlance.webhooks import composition as webhooks


@cache
def group() -> StreamingGroup[Principal]:
    settings = ChatsMessagesSettings.from_environment()
    clock, ids = SystemClock(), RandomIds()
    table = Table(clients.dynamodb(), settings.conversations_table)
    identity = Table(clients.dynamodb(), settings.identity_table)
    turns = DynamoTurnStore(table)
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    caller = Caller(
        TurnEngine(turns, wakeups, clock=clock, ids=ids),
        turns,
        agents.responder(table, settings, clock=clock, ids=ids),
        wakeups,
        clock=clock,
        ids=ids,
        accounts=usage.accounts(table, settings, clock=clock),
        news=webhooks.news(table, settings, clock=clock),
    )
    gate = Gate(Authenticator(DynamoTenantStore(identity), clock), RateLimiter(DynamoCounterStore(table), clock))
    return StreamingGroup(ChatMessages(caller, clock=clock).routes(), gate=gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
