"""10,000 of a kind: a page at the end of a list reads from the table what the first page reads, no more."""

from collections.abc import Callable
from typing import Any

import pytest

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.knowledge.datasets import Record
from parlance.platform.declarations import RESOURCES
from parlance.platform.documents import Document, Position
from parlance.platform.library import Library
from parlance.platform.lists import Listed, ListQuery
from parlance.storage import keys
from parlance.storage.dataset_items import record_item
from parlance.storage.documents import PlainShelf
from parlance.storage.library import stores
from parlance.storage.listing import entry
from parlance.storage.shelves import BotShelf
from parlance.storage.table import Item, Table
from tests.storage.recording import Recorder, Recording

pytestmark = pytest.mark.storage

MANY = 10_000
TENANT, DATASET = "acme", "many"
TAKE = 50


def record(number: int) -> list[Item]:
    return [record_item(TENANT, DATASET, Record(id_of(number), f"The {number}.", "", "", 0, number, number))]


def contact(number: int) -> list[Item]:
    return [_item(PlainShelf("contact"), Document(TENANT, id_of(number), number, number, {"name": "A contact"}))]


def bot(number: int) -> list[Item]:
    document = Document(TENANT, id_of(number), number, number, {"name": "A bot"})
    listed = entry(TENANT, "agent", number, document.id).item
    return [_item(BotShelf(), document), dict(listed)]


def _item(shelf: Any, document: Document) -> Item:
    key = shelf.key(TENANT, "", document.id)
    attributes = {name: value for name, value in shelf.new_item(document).items() if value is not None}
    return {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "rev": 0, **attributes}


def id_of(number: int) -> str:
    return f"one_{number:012x}"


@pytest.fixture(scope="module")
def library(table: Table) -> Library:
    clock, ids = SystemClock(), RandomIds()
    return Library(RESOURCES, stores(table, clock, ids), clock=clock, ids=ids)


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize(
    ("kind", "parent", "items"), [("record", DATASET, record), ("contact", "", contact), ("bot", "", bot)]
)
def test_depth_costs_nothing(
    table: Table, library: Library, kind: str, parent: str, items: Callable[[int], list[Item]], newest_first: bool
) -> None:
    """Both ends are written: a page is a range of keys, and what lies between is not looked at."""
    ends = [*range(1, 2 * TAKE + 1), *range(MANY - 2 * TAKE, MANY + 1)]
    table.batch_write(puts=[item for number in ends for item in items(number)])
    engine, recorder = library.engine(kind), Recorder(table.client)
    # Records have one order.
    downwards = newest_first and kind != "record"
    near = MANY + 1 if downwards else 0
    far = 2 * TAKE if downwards else MANY - 2 * TAKE

    def page(number: int) -> tuple[Listed, Recording]:
        query = ListQuery(after=Position(number, id_of(number)), newest_first=newest_first, take=TAKE)
        with recorder.record() as recording:
            return engine.page(TENANT, query, parent=parent), recording

    (shallow, first), (deep, last) = page(near), page(far)
    assert len(shallow.documents) == len(deep.documents) == TAKE
    assert {one.id for one in shallow.documents}.isdisjoint(one.id for one in deep.documents)
    assert [call.operation for call in first.calls] == [call.operation for call in last.calls]
    assert first.reads == last.reads > 0
