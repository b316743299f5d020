"""What a model answers in the platform dialect, streamed."""

from functools import cache

from parlance.agents import composition as answers
from parlance.conversations.caller import Caller as TurnCaller
from parlance.conversations.engine import TurnEngine
from parlance.http.asgi import StreamingGroup, streaming_app
from parlance.http.buffered import buffered
from parlance.platform.attachments import Attachments
from parlance.platform.callers import Caller
from parlance.platform.channels import Channels, Subscriptions
from parlance.platform.completion import CompletionCalls
from parlance.platform.conversations import MessageDocuments
from parlance.platform.errors import explain
from parlance.platform.house import House
from parlance.platform.openai import OpenAiCalls
from parlance.platform.unkept import Unkept
from parlance.realtime.queues import SqsQueue, SqsWakeups
from parlance.settings import PlatformCompletionSettings
from parlance.storage import clients
from parlance.storage.agents import AgentRepository
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.turns import DynamoTurnStore
from parlance.usage import composition as usage
from parlance.usage.unkept import UnkeptAnswers
from parlance.webhooks import composition as webhooks

# Seconds after which a listener who has heard nothing has to ask again.
PATIENCE = 60.0


@cache
def group() -> StreamingGroup[Caller]:
    settings = PlatformCompletionSettings.from_environment()
    house = House.from_environment()
    clock, ids = house.clock, house.ids
    store, turns, agents = (
        DynamoConversationStore(house.table),
        DynamoTurnStore(house.table),
        AgentRepository(house.table),
    )
    wakeups = SqsWakeups(SqsQueue(clients.sqs, settings.wakeups_queue_url))
    engine = TurnEngine(turns, wakeups, clock=clock, ids=ids)
    # What was written over this dialect is known at once.
    answering = answers.answering(house.table, settings, clock=clock, ids=ids, ttl=0)
    accounts = usage.accounts(house.table, settings, clock=clock)
    unkept = Unkept(answering, agents, UnkeptAnswers(accounts, clock=clock, ids=ids))
    news = webhooks.news(house.table, settings, clock=clock)
    channels = Channels(house.library, clock)
    messages = MessageDocuments(store, turns, clock=clock, ids=ids)

    caller = TurnCaller(
        engine, turns, answering.responder(agents), wakeups, clock=clock, ids=ids, accounts=accounts, news=news
    )
    completion = CompletionCalls(
        house.library,
        store,
        messages,
        engine,
        caller,
        agents,
        unkept,
        Attachments(answering.workshop),
        channels,
        clock=clock,
        ids=ids,
    )
    routes = [
        *completion.routes(),
        *Subscriptions(channels, engine, clock, patience=PATIENCE).routes(),
        *OpenAiCalls(house.library, agents, answering.models, unkept, clock=clock, ids=ids).routes(),
    ]
    return StreamingGroup(routes, gate=house.gate, explain=explain)


app = streaming_app(group)
handler = buffered(app)
