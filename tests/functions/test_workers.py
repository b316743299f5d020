"""The workers behind the queues, as SQS invokes them."""

import time
from typing import Any

from functions.workers.replies import app as replies_app
from functions.workers.sweeps import app as sweeps_app
from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.realtime.messages import Sweep, TurnWakeup, Watchdog
from parlance.storage import keys
from parlance.storage.table import Update
from tests.functions.cloud import Cloud
from tests.functions.events import Context, from_queue


def _received(cloud: Cloud, url: str, body: str, *, receipts: int = 1) -> dict[str, Any]:
    """A message as a function gets it, in flight in its queue."""
    cloud.sqs.send_message(QueueUrl=url, MessageBody=body)
    (message,) = cloud.sqs.receive_message(QueueUrl=url)["Messages"]
    while message["Body"] != body:
        # A watchdog of an earlier test has come due meanwhile.
        (message,) = cloud.sqs.receive_message(QueueUrl=url)["Messages"]
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": str(receipts)},
    }
    return {"Records": [record]}


def _settle(cloud: Cloud, url: str, event: dict[str, Any]) -> None:
    cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=event["Records"][0]["receiptHandle"])


def test_a_deleted_chat_leaves_nothing_behind(cloud: Cloud) -> None:
    house = cloud.house()
    chat_id = cloud.chat(house)
    connection_id = cloud.connected(house, chat_id)
    cloud.send(connection_id, {"content": "Hello?", "client_message_id": "m"})
    cloud.rest("POST", f"/api/v1/chats/{chat_id}/tickets", key=house.key)
    cloud.work()
    partition = keys.conversation_pk(house.tenant_id, chat_id)
    assert list(cloud.table.query_all(partition, first=" ", last="~"))
    assert cloud.rest("DELETE", f"/api/v1/chats/{chat_id}", key=house.key).status == 204
    time.sleep(1.2)
    cloud.work()
    assert list(cloud.table.query_all(partition, first=" ", last="~")) == []


def test_a_conversation_that_another_holds_is_looked_at_again(cloud: Cloud) -> None:
    house = cloud.house()
    chat_id = cloud.chat(house)
    connection_id = cloud.connected(house, chat_id)
    cloud.work()
    cloud.send(connection_id, {"content": "Hello?"})
    lease = {"owner": RandomIds().random(), "until": SystemClock().now() + 1500, "turn": 1}
    where = keys.conversation(house.tenant_id, chat_id)
    cloud.table.update(
        Update(where, "SET lease_owner = :owner, lease_until = :until, lease_turn = :turn", values=lease)
    )
    watch = Watchdog(tenant_id=house.tenant_id, conversation_id=chat_id, sent_at=SystemClock().now())
    event = _received(cloud, cloud.wakeups_url, watch.model_dump_json())
    message_id = event["Records"][0]["messageId"]
    answer = replies_app.handler(event, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": message_id}]}
    deadline = time.monotonic() + 15
    while "message_stream_ended" not in cloud.gateway.events(connection_id):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        cloud.work()


def test_a_message_that_is_none_of_ours_comes_back(cloud: Cloud) -> None:
    for url, handler in ((cloud.wakeups_url, replies_app.handler), (cloud.sweeps_url, sweeps_app.handler)):
        event = _received(cloud, url, '{"kind": "dance"}')
        assert len(handler(event, Context())["batchItemFailures"]) == 1
        _settle(cloud, url, event)


def test_what_is_not_there_any_more_is_done(cloud: Cloud) -> None:
    wakeup = TurnWakeup(tenant_id="tenant_x", conversation_id="chat_x", turn_number=1)
    watch = Watchdog(tenant_id="tenant_x", conversation_id="chat_x", sent_at=0)
    sweep = Sweep(tenant_id="tenant_x", conversation_id="chat_x")
    for url, handler, body in (
        (cloud.wakeups_url, replies_app.handler, wakeup),
        (cloud.wakeups_url, replies_app.handler, watch),
        (cloud.sweeps_url, sweeps_app.handler, sweep),
    ):
        event = _received(cloud, url, body.model_dump_json())
        assert handler(event, Context()) == {"batchItemFailures": []}
        _settle(cloud, url, event)


def test_what_a_worker_has_no_time_for_is_handed_to_the_next(cloud: Cloud) -> None:
    house = cloud.house()
    connection_id = cloud.connected(house, chat_id := cloud.chat(house))
    cloud.work()
    cloud.send(connection_id, {"content": "Hello?"})
    wakeup = TurnWakeup(tenant_id=house.tenant_id, conversation_id=chat_id, turn_number=1).model_dump_json()
    cloud.sqs.purge_queue(QueueUrl=cloud.wakeups_url)
    assert replies_app.handler(from_queue(wakeup), Context(seconds=1)) == {"batchItemFailures": []}
    assert "message_stream_started" not in cloud.gateway.events(connection_id)
    cloud.work()
    assert "message_stream_ended" in cloud.gateway.events(connection_id)
