"""Lists of the platform dialect over real HTTP: longer than an answer of a Lambda, and all that stands beside them."""

import csv
import json
from collections.abc import Iterator

import httpx
import pytest

from parlance.clock import SystemClock
from parlance.identity.keys import PLATFORM_PREFIX
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Record, SourceRecords, imported_record_id
from parlance.platform.paths import ROOTS
from parlance.storage.datasets import DatasetRepository
from parlance_cli import operations
from parlance_cli.deployment import Deployment
from tests.local.cloud import LocalCloud
from tests.system.client import House
from tests.system.conftest import Tables

pytestmark = pytest.mark.system

SOURCE, MANY = "papers", 1_200
LAMBDA_BYTES_MAX = 6 * 1024 * 1024
IDS = [imported_record_id(SOURCE, number) for number in range(MANY)]


@pytest.fixture
def http(cloud: LocalCloud, deployment: Deployment, house: House) -> Iterator[httpx.Client]:
    issued = operations.create_key(deployment, house.tenant_id, "lists", prefix=PLATFORM_PREFIX)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    with httpx.Client(base_url=cloud.base_url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def records(http: httpx.Client, house: House, tables: Tables) -> str:
    """The path of records that are more than 6 MB together."""
    dataset = http.post("/api/v1/dataset/create", json={}).json()["id"]
    papers = tuple(Record(one, f"{number} " * 1_500, SOURCE, "", number, 1, 1) for number, one in enumerate(IDS))
    repository = DatasetRepository(tables.conversations, SystemClock(), RandomIds())
    repository.replace_sources(house.tenant_id, dataset, [SourceRecords(SOURCE, papers)])
    return f"/dataset/{dataset}/record"


def test_a_list_that_no_buffered_answer_holds(http: httpx.Client, records: str) -> None:
    size = 0
    found = []
    with http.stream("GET", f"/api/v1{records}/list", headers={"Accept": "application/jsonl"}) as told:
        assert (told.status_code, told.headers["content-type"]) == (200, "application/jsonl")
        for line in told.iter_lines():
            size += len(line)
            found.append(json.loads(line)["data"]["id"])
    assert size > LAMBDA_BYTES_MAX
    assert found == IDS
    with http.stream("GET", f"/v1{records}/export", headers={"Accept": "text/csv"}) as told:
        assert told.headers["content-type"].startswith("text/csv")
        assert [row["id"] for row in csv.DictReader(told.iter_lines())] == IDS


def test_what_stands_beside_a_streamed_list(http: httpx.Client) -> None:
    """Its pages, its other methods, and the calls below the same path, under each root."""
    records = f"/dataset/{http.post('/api/v1/dataset/create', json={}).json()['id']}/record"
    for root in ROOTS:
        assert http.post(f"{root}{records}/list", json={}).json()["code"] == "METHOD_NOT_ALLOWED"
        assert http.options(f"{root}{records}/list").status_code == 200
        made = http.post(f"{root}{records}/create", json={"text": "One more."}).json()["id"]
        assert http.get(f"{root}{records}/{made}/fetch").json()["text"] == "One more."
        assert made in {item["id"] for item in http.get(f"{root}{records}/list").json()["items"]}
        conversation = http.post(f"{root}/conversation/create", json={}).json()["id"]
        message = http.post(
            f"{root}/conversation/{conversation}/message/create", json={"type": "user", "text": "Hi"}
        ).json()["id"]
        listed = http.get(f"{root}/conversation/{conversation}/message/list").json()["items"]
        assert [item["id"] for item in listed] == [message]
        assert conversation in http.get(f"{root}/conversation/list").text
        assert http.get(f"{root}/conversation/{conversation}/message/{message}/fetch").json()["text"] == "Hi"
        for kind in ("contact", "memory"):
            assert http.get(f"{root}/{kind}/list").json() == {"items": [], "cursor": ""}
        told = http.get(f"{root}/conversation/complete")
        assert (told.status_code, told.headers["allow"]) == (405, "POST")
        assert http.get(f"{root}/dataset/nothing/record/list").status_code == 404
        assert http.get(f"{root}{records}/list", headers={"Authorization": ""}).status_code == 401
