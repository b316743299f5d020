"""The webhooks worker as SQS invokes it, behind the worker that ends turns."""

import json
from uuid import uuid4

import boto3

from functions.workers.webhooks import app as webhooks_app
from parlance.storage.secrets import SecretsManager
from parlance.storage.webhooks import WebhookRepository
from parlance.webhooks.model import EVENTS, Webhook
from tests.functions.cloud import Cloud
from tests.functions.events import Context
from tests.outbound.raw_server import Peer, serving


def test_a_turns_end_reaches_the_queue_and_no_address_inside(cloud: Cloud) -> None:
    def ok(peer: Peer) -> None:
        peer.headers("200 OK", "text/plain", "Content-Length: 0")

    house = cloud.house()
    url = cloud.sqs.get_queue_url(QueueName="webhooks")["QueueUrl"]
    client = boto3.client("secretsmanager")
    with serving(ok) as server:
        webhook = Webhook(house.tenant_id, f"wh_{uuid4().hex[:8]}", server.url, EVENTS, 1)
        WebhookRepository(cloud.table).put(webhook)
        SecretsManager(lambda: client, "parlance/test").set(
            house.tenant_id, webhook.secret_name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        )
        connection_id = cloud.connected(house, cloud.chat(house))
        cloud.send(connection_id, {"content": "Hello?"})
        cloud.work()
        bodies, failed = [], []
        for _ in range(2):
            (message,) = cloud.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
            record = {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            failed.append(webhooks_app.handler({"Records": [record]}, Context())["batchItemFailures"])
            bodies.append(json.loads(message["Body"]))
            cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    client.close()
    assert [body["kind"] for body in bodies] == ["ending", "delivery"]
    assert [len(one) for one in failed] == [0, 1], "the delivery comes again"
    assert server.peers == [], "whatever is on loopback is not a tenant's to call"
