"""The list of conversations that began in a widget."""

from dataclasses import replace

import pytest

from parlance.conversations.model import Conversation
from parlance.ids import RandomIds
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import Table
from parlance.storage.visits import DynamoVisitLog

pytestmark = pytest.mark.storage

NOW = 1_790_000_000_000


@pytest.fixture
def tenant() -> str:
    return f"t-{RandomIds().random()}"


def begin(table: Table, tenant: str, name: str, *, at: int) -> Conversation:
    new = Conversation(tenant, name, name, "default", name, created_at=at, updated_at=at)
    created = DynamoConversationStore(table).create(new, key=None, token=RandomIds().random())
    DynamoVisitLog(table).record(tenant, name, began_at=at)
    return created


def test_the_newest_come_first_and_only_ones_own(table: Table, tenant: str) -> None:
    log = DynamoVisitLog(table)
    assert log.newest(tenant, limit=5) == []
    old, new = begin(table, tenant, "old", at=NOW), begin(table, tenant, "new", at=NOW + 1)
    begin(table, f"{tenant}-u", "theirs", at=NOW + 2)
    log.record(tenant, "new", began_at=NOW + 1)
    assert log.newest(tenant, limit=5) == [new, old]
    assert log.newest(tenant, limit=1) == [new]


def test_deleted_ones_are_passed_over(table: Table, tenant: str) -> None:
    kept = begin(table, tenant, "kept", at=NOW)
    begin(table, tenant, "gone", at=NOW + 1)
    DynamoConversationStore(table).mark_deleted(tenant, "gone", now=NOW + 5, token=RandomIds().random())
    assert DynamoVisitLog(table).newest(tenant, limit=1) == [kept]


def test_more_than_one_batch_is_read(table: Table, tenant: str) -> None:
    begun = [begin(table, tenant, f"c{number:03d}", at=NOW + number) for number in range(130)]
    found = DynamoVisitLog(table).newest(tenant, limit=120)
    assert found == [replace(one) for one in reversed(begun)][:120]
