"""The worker that keeps snapshots, and the one that searches by them."""

from typing import Any

import pytest

from functions.workers.indexing import app as indexing_app
from parlance.agents.definitions import Agent
from parlance.clock import SystemClock
from parlance.identity.keys import PLATFORM_PREFIX
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Dataset, Record, SourceRecords, imported_record_id
from parlance.realtime.queues import SqsIndexRequests, SqsQueue
from parlance.storage.agents import AgentRepository
from parlance.storage.datasets import DatasetRepository
from tests.functions.cloud import Cloud, House
from tests.functions.events import Context, from_queue
from tests.functions.platform import Account


@pytest.fixture
def house(cloud: Cloud) -> House:
    """Whose agent answers from a dataset of a hundred records."""
    house = cloud.house(agent=False)
    store, now = _store(cloud), SystemClock().now()
    store.create(Dataset(house.tenant_id, "birds", "Birds", "", now, now))
    records = tuple(
        Record(imported_record_id("birds.md", n), f"Bird number{n} eats seed{n}.", "birds.md", "Birds", n, now, now)
        for n in range(100)
    )
    store.replace_sources(house.tenant_id, "birds", [SourceRecords("birds.md", records)])
    AgentRepository(cloud.table).create(Agent(house.tenant_id, "default", "Ada", "", now, now, dataset_id="birds"))
    return house


def _store(cloud: Cloud) -> DatasetRepository:
    return DatasetRepository(cloud.table, SystemClock(), RandomIds())


def _dataset(cloud: Cloud, house: House) -> Dataset:
    found = _store(cloud).get(house.tenant_id, "birds")
    assert found is not None
    return found


def _asked(body: str) -> dict[str, Any]:
    return indexing_app.handler(from_queue(body), Context())


def _request(house: House) -> str:
    return f'{{"kind": "index", "tenant_id": "{house.tenant_id}", "dataset_id": "birds"}}'


def _objects(cloud: Cloud, house: House) -> list[str]:
    listed = cloud.s3.list_objects_v2(Bucket="snapshots", Prefix=f"snapshots/{house.tenant_id}/")
    return [found["Key"] for found in listed.get("Contents", [])]


def _answer(cloud: Cloud, house: House, question: str) -> dict[str, Any]:
    chat_id = cloud.chat(house)
    connection_id = cloud.connected(house, chat_id)
    cloud.send(connection_id, {"content": question})
    cloud.work()
    reply: dict[str, Any] = cloud.rest("GET", f"/api/v1/chats/{chat_id}/messages", key=house.key).body["messages"][-1]
    return reply


def test_a_request_makes_a_snapshot_under_the_tenant(cloud: Cloud, house: House) -> None:
    assert _asked(_request(house)) == {"batchItemFailures": []}
    snapshot = _dataset(cloud, house).snapshot
    assert snapshot is not None
    assert _objects(cloud, house) == [snapshot.key]
    assert snapshot.key.startswith(f"snapshots/{house.tenant_id}/birds/")
    assert _asked(_request(house)) == {"batchItemFailures": []}
    assert _objects(cloud, house) == [snapshot.key], "nothing has changed, so nothing is made"


def test_the_first_question_asks_for_a_snapshot_and_a_reply_names_its_sources(cloud: Cloud, house: House) -> None:
    reply = _answer(cloud, house, "What does bird number42 eat?")
    assert "seed42" in reply["content"]
    (source, *_) = reply["metadata"]["sources"]
    assert source["source"] == "birds.md"
    assert source["title"] == "Birds"
    assert source["record_id"] == imported_record_id("birds.md", 42)
    assert source["excerpt"] == "Bird number42 eats seed42."
    assert source["score"] > 0
    waiting = cloud.sqs.get_queue_attributes(QueueUrl=cloud.indexing_url, AttributeNames=["All"])["Attributes"]
    assert int(waiting["ApproximateNumberOfMessagesDelayed"]) >= 1


def test_answers_come_from_the_snapshot_and_what_changed_after_it(cloud: Cloud, house: House) -> None:
    _asked(_request(house))
    _store(cloud).delete_record(house.tenant_id, "birds", imported_record_id("birds.md", 7))
    now = SystemClock().now()
    _store(cloud).add_record(
        house.tenant_id, "birds", Record("rec_new", "Bird bittern eats frogs.", "hand", "", 0, now, now)
    )
    assert "frogs" in _answer(cloud, house, "What does the bittern eat?")["content"]
    assert "seed7." not in _answer(cloud, house, "What does bird number7 eat?")["content"]


def test_the_next_snapshot_is_made_of_the_last_and_what_changed(cloud: Cloud, house: House) -> None:
    _asked(_request(house))
    before = _dataset(cloud, house).snapshot
    now = SystemClock().now()
    more = tuple(
        Record(imported_record_id("fish.md", n), f"Fish number{n} eats worm{n}.", "fish.md", "Fish", n, now, now)
        for n in range(80)
    )
    _store(cloud).replace_sources(house.tenant_id, "birds", [SourceRecords("fish.md", more)])
    _asked(_request(house))
    after = _dataset(cloud, house).snapshot
    assert before is not None
    assert after is not None
    assert _objects(cloud, house) == [after.key] != [before.key]
    assert "worm79" in _answer(cloud, house, "What does fish number79 eat?")["content"]


def test_the_platform_dialect_searches_by_the_snapshot_too(cloud: Cloud, house: House) -> None:
    _asked(_request(house))
    key = cloud.administration.issue_key(house.tenant_id, "test", prefix=PLATFORM_PREFIX).secret
    found = Account(cloud, house.tenant_id, key).post("/dataset/birds/search", {"search": "number42"}).body["records"]
    assert found[0]["text"] == "Bird number42 eats seed42."


def test_a_dataset_that_is_gone_leaves_no_object(cloud: Cloud, house: House) -> None:
    _asked(_request(house))
    _store(cloud).delete(house.tenant_id, "birds")
    assert _asked(_request(house)) == {"batchItemFailures": []}
    assert _objects(cloud, house) == []


@pytest.mark.parametrize("body", ["", "{}", '{"kind": "index"}', '{"kind": "sweep", "tenant_id": "t"}', "[]"])
def test_a_message_that_is_none_of_ours_comes_back_from_indexing(cloud: Cloud, body: str) -> None:
    assert _asked(body) == {"batchItemFailures": [{"itemIdentifier": "m"}]}


def test_a_request_reaches_the_worker_through_the_queue(cloud: Cloud, house: House) -> None:
    class AtOnce(SqsQueue):
        """Without the pause, which a test would have to wait for."""

        def send(self, body: str, *, delay_seconds: int = 0) -> None:
            assert delay_seconds > 0
            super().send(body)

    SqsIndexRequests(AtOnce(lambda: cloud.sqs, cloud.indexing_url)).request(house.tenant_id, "birds")
    bodies = cloud.index()
    assert {"kind": "index", "tenant_id": house.tenant_id, "dataset_id": "birds", "unreadable": False} in bodies
    assert _dataset(cloud, house).snapshot is not None


def test_a_queue_that_is_down_costs_no_answer(cloud: Cloud) -> None:
    SqsIndexRequests(SqsQueue(lambda: cloud.sqs, cloud.indexing_url + "-not-there")).request("tenant", "dataset")
