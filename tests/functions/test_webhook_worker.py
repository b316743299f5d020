"""The end of a turn on its way to a webhook, through both workers."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest

from functions.workers.webhooks import app as webhooks_app
from parlance.storage.secrets import SecretsManager
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.webhooks.model import EVENT_TYPES, Webhook
from tests.functions.cloud import Cloud, House
from tests.functions.events import Context
from tests.outbound.raw_server import Behaviour, Peer, RawServer, serving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def answering(status: str) -> Behaviour:
    def answer(peer: Peer) -> None:
        peer.headers(status, "text/plain", "Content-Length: 0")

    return answer


@pytest.fixture
def house(cloud: Cloud) -> Iterator[House]:
    yield cloud.house()
    cloud.sqs.purge_queue(QueueUrl=cloud.sqs.get_queue_url(QueueName="webhooks")["QueueUrl"])


def webhook(cloud: Cloud, house: House, server: RawServer) -> Webhook:
    made = Webhook(house.tenant_id, f"wh_{uuid4().hex[:8]}", server.url, frozenset(EVENT_TYPES), 1)
    DynamoWebhookStore(cloud.table).create(made)
    client = boto3.client("secretsmanager")
    SecretsManager(lambda: client, "parlance/test").set(house.tenant_id, made.secret_name, SECRET)
    client.close()
    return made


def deliver(cloud: Cloud, *, receipts: int = 1) -> list[dict[str, Any]]:
    """Hand the next delivery to the worker; returns what it wants to have again."""
    url = cloud.sqs.get_queue_url(QueueName="webhooks")["QueueUrl"]
    (message,) = cloud.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": str(receipts)},
    }
    failed: list[dict[str, Any]] = webhooks_app.handler({"Records": [record]}, Context())["batchItemFailures"]
    return failed


def test_a_turns_end_reaches_its_receiver(cloud: Cloud, house: House) -> None:
    with serving(answering("204 No Content")) as server:
        webhook(cloud, house, server)
        chat_id = cloud.chat(house)
        cloud.send(cloud.connected(house, chat_id), {"content": "Hello?"})
        cloud.work()
        assert deliver(cloud) == []
    (body,) = server.bodies
    event = json.loads(body)
    assert event["type"] == "turn.done"
    assert (event["data"]["chat_id"], event["data"]["tenant_id"]) == (chat_id, house.tenant_id)
    assert event["data"]["usage"]["output_tokens"] > 0
    assert b"Hello?" not in server.peers[0].request


def test_a_receiver_that_fails_is_tried_again_and_one_that_is_gone_is_not(cloud: Cloud, house: House) -> None:
    with serving(answering("500 No"), answering("410 Gone")) as server:
        made = webhook(cloud, house, server)
        line = cloud.connected(house, cloud.chat(house))
        cloud.send(line, {"content": "First?"})
        cloud.work()
        assert len(deliver(cloud)) == 1
        cloud.send(line, {"content": "Second?"})
        cloud.work()
        assert deliver(cloud) == []
    stored = DynamoWebhookStore(cloud.table).get(house.tenant_id, made.id)
    assert stored is not None
    assert stored.disabled_at is not None


def test_a_delivery_that_is_none_of_ours_comes_back(cloud: Cloud, house: House) -> None:
    url = cloud.sqs.get_queue_url(QueueName="webhooks")["QueueUrl"]
    cloud.sqs.send_message(QueueUrl=url, MessageBody='{"kind": "nonsense"}')
    assert len(deliver(cloud)) == 1
