"""Lists of the platform dialect, read while their items come and go: nothing that stays is missed or doubled."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest

from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.platform.conversations import MessageDocuments
from parlance.platform.declarations import RESOURCES
from parlance.platform.engine import ResourceEngine
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery, position_of
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.library import stores
from parlance.storage.table import Table
from parlance.storage.turns import DynamoTurnStore

pytestmark = pytest.mark.storage

STAY = 30
TAKE = 4
WALKS = 3
TIES = 20
PARENTS = {"record": "dataset", "ability": "skillset"}


class TiedClock(SystemClock):
    """Many moments are one millisecond, so that their items can only be told apart by their ids."""

    def __init__(self) -> None:
        self._asked = 0
        self._began = super().now()

    def now(self) -> int:
        self._asked += 1
        return self._began + self._asked // TIES


@pytest.fixture
def library(table: Table) -> Library:
    clock, ids = TiedClock(), RandomIds()
    return Library(RESOURCES, stores(table, clock, ids), clock=clock, ids=ids)


@contextmanager
def churning(*steps: Callable[[], object]) -> Iterator[threading.Event]:
    """Does the steps over and over beside the test, each on a thread of its own. The event says that all have begun."""
    stopped, begun = threading.Event(), threading.Event()
    waiting = threading.Semaphore(0)
    failures: list[BaseException] = []

    def run(step: Callable[[], object]) -> None:
        try:
            while not stopped.is_set():
                step()
                waiting.release()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)
            waiting.release()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        for _ in steps:
            waiting.acquire(timeout=30)
        begun.set()
        yield begun
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert not failures, failures


def pages(engine: ResourceEngine, tenant: str, parent: str, *, newest_first: bool) -> list[str]:
    """All ids, page by page, each over the cursor of the one before."""
    found: list[str] = []
    cursor = ""
    while True:
        query = ListQuery(after=position_of(cursor), newest_first=newest_first, take=TAKE)
        page = engine.page(tenant, query, parent=parent)
        assert len(page.documents) == TAKE or not page.cursor
        found += [document.id for document in page.documents]
        assert len(found) < 100 * STAY, "the list does not end"
        cursor = page.cursor
        if not cursor:
            return found


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("kind", ["contact", "bot", "record", "ability"])
def test_what_stays_is_listed_once(library: Library, kind: str, newest_first: bool) -> None:
    tenant, engine = f"tenant-{uuid4().hex}", library.engine(kind)
    owner = PARENTS.get(kind)
    parent = library.engine(owner).create(tenant, {}).id if owner else ""
    body: dict[str, Any] = {"text": "x"} if kind == "record" else {}

    def create() -> str:
        return engine.create(tenant, body, parent=parent).id

    stay: list[str] = []
    go: list[str] = []
    # Half of what stays stands beside what goes, with the same time.
    for turn in cycle(range(2)):
        (stay if turn else go).append(create())
        if len(stay) == STAY:
            break

    def come_and_go() -> None:
        passing = create()
        if go:
            engine.delete(tenant, go.pop(), parent=parent)
        engine.delete(tenant, passing, parent=parent)

    with churning(come_and_go, come_and_go):
        for _ in range(WALKS):
            counted = Counter(pages(engine, tenant, parent, newest_first=newest_first))
            assert {one: counted[one] for one in stay} == dict.fromkeys(stay, 1)
            assert set(counted.values()) == {1}


def test_messages_that_stay_are_listed_once(table: Table, library: Library) -> None:
    tenant = f"tenant-{uuid4().hex}"
    conversation = library.engine("conversation").create(tenant, {}).id
    clock = TiedClock()
    kept = MessageDocuments(DynamoConversationStore(table), DynamoTurnStore(table), clock=clock, ids=RandomIds())
    engine = library.engine("message")

    def append() -> str:
        return kept.append(tenant, conversation, {"type": "user", "text": "x"}).id

    made = [append() for _ in range(2 * STAY)]
    stay, go = made[::2], made[1::2]

    def come_and_go() -> None:
        engine.delete(tenant, go.pop() if go else append(), parent=conversation)
        append()

    with churning(come_and_go):
        for newest_first in (True, False):
            counted = Counter(pages(engine, tenant, conversation, newest_first=newest_first))
            assert {one: counted[one] for one in stay} == dict.fromkeys(stay, 1)
            assert set(counted.values()) == {1}
