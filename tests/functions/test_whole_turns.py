"""A turn with all that turns can need, in every function that runs turns, as each has permissions of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import boto3
import pytest

from functions.workers.indexing import app as indexing_app
from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.conversations import attempt
from parlance.conversations.keeper import Keeper
from parlance.conversations.timing import Timing
from parlance.identity.keys import PLATFORM_PREFIX
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset, Record, SourceRecords, imported_record_id
from parlance.realtime.messages import IndexRequest
from parlance.storage.agents import AgentRepository
from parlance.storage.datasets import DatasetRepository
from parlance.storage.secrets import SecretsManager
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.webhooks.model import EVENT_TYPES, Webhook
from tests.functions.cloud import Cloud, House
from tests.functions.events import Context, from_queue
from tests.functions.kosmos import Identity, call
from tests.functions.platform import Account
from tests.functions.roles import Rehearsal
from tests.functions.test_answering import says
from tests.outbound.raw_server import Peer, RawServer, serving

AGENT, DATASET, ANSWER = "keeper", "birds", "It eats seed."
NEEDED = {"TellWebhooks", "NamedSecrets", "Snapshots", "AskForSnapshots"}


@dataclass(frozen=True)
class Place:
    """A tenant whose agent answers by a model with a key, from a dataset, with a webhook that is told."""

    cloud: Cloud
    identity: Identity

    @property
    def house(self) -> House:
        return self.identity.house

    def chat(self) -> str:
        body = {"user_id": "alice", "agent_id": AGENT}
        made: str = self.cloud.rest("POST", "/api/v1/chats", key=self.house.key, body=body).body["id"]
        return made


def by_worker(place: Place, question: str) -> str:
    cloud = place.cloud
    connection_id = cloud.connected(place.house, place.chat())
    cloud.send(connection_id, {"content": question})
    cloud.work()
    (end,) = [one for one in cloud.gateway.frames[connection_id] if one["event_type"] == "message_stream_ended"]
    return str(end["content"])


def by_chats(place: Place, question: str) -> str:
    reply = place.cloud.say(place.chat(), key=place.house.key, body={"content": question})
    return str(reply.body["content"])


def by_widget(place: Place, question: str) -> str:
    key = place.cloud.widget_keys.create(place.house.tenant_id, "Shop", agent_id=AGENT, origins=[])
    body = {"sessionId": uuid4().hex, "message": question}
    return str(place.cloud.widget("POST", "/v1/chat", key=key.secret, body=body).body["message"])


def by_identity(place: Place, question: str) -> str:
    headers = place.identity.key_headers() | {"license": place.identity.user}
    reply = call("POST", f"/query/agent/{AGENT}", headers=headers, body={"data": {"userInput": question}})
    return str(reply.body["response"])


def account_of(place: Place) -> Account:
    cloud, tenant_id = place.cloud, place.house.tenant_id
    return Account(cloud, tenant_id, cloud.administration.issue_key(tenant_id, "p", prefix=PLATFORM_PREFIX).secret)


def by_platform(place: Place, question: str) -> str:
    account = account_of(place)
    conversation = account.made("/conversation/create", {"botId": AGENT})
    return str(account.post(f"/conversation/{conversation}/complete", {"text": question}).body["text"])


def place_of(cloud: Cloud, server: RawServer) -> Place:
    identity = Identity(cloud)
    tenant_id, now = identity.tenant_id, SystemClock().now()
    settings = {"base_url": f"{server.url}/v1", "model": "tiny", "secret": "provider", "attempts": 1}
    agent = Agent(tenant_id, AGENT, "Ada", "", now, now, "openai_compatible", settings, dataset_id=DATASET)
    AgentRepository(cloud.table).create(agent)
    webhook = Webhook(tenant_id, f"wh_{uuid4().hex[:8]}", server.url, frozenset(EVENT_TYPES), 1)
    DynamoWebhookStore(cloud.table).create(webhook)
    client = boto3.client("secretsmanager")
    SecretsManager(lambda: client, "parlance/test").set(tenant_id, "provider", "sk-key")
    client.close()
    _lost_snapshot(cloud, tenant_id)
    return Place(cloud, identity)


def _lost_snapshot(cloud: Cloud, tenant_id: str) -> None:
    """A dataset whose snapshot is not where it should be: it is looked for, and another one asked for."""
    store, now = DatasetRepository(cloud.table, SystemClock(), RandomIds()), SystemClock().now()
    store.create(Dataset(tenant_id, DATASET, "Birds", "", now, now))
    records = tuple(
        Record(imported_record_id("birds.md", n), f"Bird number{n} eats seed{n}.", "birds.md", "Birds", n, now, now)
        for n in range(100)
    )
    store.replace_sources(tenant_id, DATASET, [SourceRecords("birds.md", records)])
    request = IndexRequest(tenant_id=tenant_id, dataset_id=DATASET).model_dump_json()
    assert indexing_app.handler(from_queue(request), Context()) == {"batchItemFailures": []}
    made = store.get(tenant_id, DATASET)
    assert made is not None
    assert made.snapshot is not None
    cloud.s3.delete_object(Bucket="snapshots", Key=made.snapshot.key)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are renewed so soon that an answer which takes a moment needs it, as long ones do."""

    def keeper(*given: Any, timing: Timing, **named: Any) -> Keeper:
        return Keeper(*given, timing=replace(timing, look_every=0.05, renew_every=0.05), **named)

    monkeypatch.setattr(attempt, "Keeper", keeper)


def slowly(peer: Peer) -> None:
    time.sleep(0.5)
    says(ANSWER)(peer)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("function", "ask"),
    [
        ("RepliesFunction", by_worker),
        ("ChatsMessagesFunction", by_chats),
        ("WidgetStreamFunction", by_widget),
        ("KosmosAgentQueryFunction", by_identity),
        ("ChatBotKitCompletionFunction", by_platform),
    ],
)
def test_a_function_may_do_what_its_turns_need(
    cloud: Cloud, rehearsal: Rehearsal, function: str, ask: Callable[[Place, str], str]
) -> None:
    with serving(slowly) as server, rehearsal.noticing() as noticed:
        assert ask(place_of(cloud, server), "What does bird number42 eat?") == ANSWER
    used = {grant for grant in noticed if grant.function == function}
    assert {grant.sid for grant in used} >= NEEDED
    actions = {grant.action for grant in used}
    assert "dynamodb:DeleteItem" in actions, "the event was passed on and not removed"
    assert "dynamodb:ConditionCheckItem" in actions, "no lease was renewed"


def test_the_function_of_abilities_may_do_what_an_asked_bot_needs(cloud: Cloud, rehearsal: Rehearsal) -> None:
    with serving(says(ANSWER)) as server, rehearsal.noticing() as noticed:
        account = account_of(place_of(cloud, server))
        abilities = f"/skillset/{account.made('/skillset/create')}/ability"
        ability = account.made(f"{abilities}/create", {"name": "Ask", "botId": AGENT})
        told = account.post(f"{abilities}/{ability}/execute", {"input": "What does bird number42 eat?"})
    assert told.body["result"] == ANSWER
    used = {grant.sid for grant in noticed if grant.function == "ChatBotKitSkillsetFunction"}
    assert used >= NEEDED - {"TellWebhooks"}, "what is not kept is told to nobody"
