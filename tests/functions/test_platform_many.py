"""10,000 records in one dataset: listed, streamed, exported and found."""

import csv
import io
import json
from collections.abc import Sequence

import pytest

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Record, SourceRecords, imported_record_id
from parlance.platform.rendering import TEXT_BYTES_MAX
from parlance.storage.datasets import DatasetRepository
from tests.functions.cloud import Cloud
from tests.functions.platform import Account, an_account

MANY = 10_000
SOURCE = "harvests"
PADDING = "The grain was sown in spring and brought in before the rain, as it was every year. " * 8


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return an_account(cloud)


@pytest.fixture(scope="module")
def ids() -> Sequence[str]:
    return [imported_record_id(SOURCE, number) for number in range(MANY)]


@pytest.fixture(scope="module")
def dataset(cloud: Cloud, account: Account, ids: Sequence[str]) -> str:
    """As an import leaves it: records of one moment."""
    made = account.made("/dataset/create", {"name": "Harvests", "searchMaxRecords": 5})
    records = tuple(
        Record(one, f"Harvest number{number} was good. {PADDING}", SOURCE, "", number, 1, 1)
        for number, one in enumerate(ids)
    )
    repository = DatasetRepository(cloud.table, SystemClock(), RandomIds())
    repository.replace_sources(account.tenant_id, made, [SourceRecords(SOURCE, records)])
    return made


@pytest.mark.parametrize("at", [0, MANY - 300])
def test_its_pages_follow_one_another(account: Account, dataset: str, ids: Sequence[str], at: int) -> None:
    found: list[str] = []
    cursor = f"1.{ids[at]}"
    for _ in range(3):
        page = account.get(f"/dataset/{dataset}/record/list", query={"cursor": cursor}).body
        found += [item["id"] for item in page["items"]]
        cursor = page["cursor"]
    assert found == list(ids[at + 1 : at + 301])
    assert bool(cursor) == (at == 0)


def test_its_stream_holds_each_once(account: Account, dataset: str, ids: Sequence[str]) -> None:
    """It is larger than what one answer of a Lambda may hold."""
    told = account.get(f"/dataset/{dataset}/record/list", accept="application/jsonl")
    assert len(told.text) > TEXT_BYTES_MAX
    assert [json.loads(line)["data"]["id"] for line in told.text.splitlines()] == list(ids)
    part = account.get(f"/dataset/{dataset}/record/list", accept="application/jsonl", query={"take": "250"})
    assert len(part.lines) == 250


def test_its_table_is_as_long_as_asked_for(account: Account, dataset: str, ids: Sequence[str]) -> None:
    told = account.get(f"/dataset/{dataset}/record/export", accept="text/csv", query={"take": "1500"})
    assert [row["id"] for row in csv.DictReader(io.StringIO(told.text))] == list(ids[:1500])


@pytest.mark.parametrize("number", [0, 4_321, MANY - 1])
def test_search_finds_the_one(account: Account, dataset: str, ids: Sequence[str], number: int) -> None:
    found = account.post(f"/dataset/{dataset}/search", {"search": f"harvest number{number}"}).body["records"]
    assert found[0]["id"] == ids[number]
    assert len(found) == 5


def test_what_is_changed_is_found_and_listed_at_once(account: Account, dataset: str, ids: Sequence[str]) -> None:
    account.post(f"/dataset/{dataset}/record/{ids[777]}/update", {"text": "A sturgeon was caught."})
    account.post(f"/dataset/{dataset}/record/{ids[778]}/delete")
    (first, *_) = account.post(f"/dataset/{dataset}/search", {"search": "sturgeon"}).body["records"]
    assert first["id"] == ids[777]
    page = account.get(f"/dataset/{dataset}/record/list", query={"cursor": f"1.{ids[775]}", "take": "3"}).body
    assert [(item["id"], item["text"][:10]) for item in page["items"]] == [
        (ids[776], "Harvest nu"),
        (ids[777], "A sturgeon"),
        (ids[779], "Harvest nu"),
    ]
