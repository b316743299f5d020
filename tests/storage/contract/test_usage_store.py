"""The record of usage in every implementation."""

from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.conversations.model import Conversation, DayUsage, Usage
from parlance.storage.usage import DynamoUsageStore
from parlance.usage.port import UsageRow, UsageStore
from tests.fakes.clock import START
from tests.fakes.usage import MemoryUsageStore

DAY, NEXT_DAY = "2025-06-15", "2025-06-16"


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.storage)])
def store(request: pytest.FixtureRequest) -> UsageStore:
    if request.param == "memory":
        return MemoryUsageStore()
    return DynamoUsageStore(request.getfixturevalue("table"))


@pytest.fixture
def chat() -> Conversation:
    blank = Conversation(f"tenant-{uuid4().hex}", "chat_1", "ann#1", "helper", "A chat", START, START)
    return blank.having_used(Usage(1, 10, 20, 30), day=DAY)


def row(chat: Conversation) -> UsageRow:
    assert chat.usage is not None
    return UsageRow(chat.id, chat.agent_id, chat.user_id, chat.usage)


def test_recording_twice_is_recording_once(store: UsageStore, chat: Conversation) -> None:
    assert not store.is_recorded(chat)
    store.record(chat)
    store.record(chat)
    assert store.is_recorded(chat)
    assert store.of_day(chat.tenant_id, DAY) == [row(chat)]
    assert store.of_user(chat.tenant_id, chat.user_id, first_day=DAY, last_day=DAY) == [row(chat)]


def test_a_later_state_replaces_an_earlier_one_and_never_the_other_way_round(
    store: UsageStore, chat: Conversation
) -> None:
    later = chat.having_used(Usage(1, 1, 1, 1), day=DAY)
    store.record(chat)
    assert not store.is_recorded(later)
    store.record(later)
    store.record(chat)
    assert store.of_day(chat.tenant_id, DAY) == [row(later)]
    assert later.usage == DayUsage(DAY, 2, 11, 21, 31)


def test_days_users_and_tenants_do_not_mix(store: UsageStore, chat: Conversation) -> None:
    tomorrow = chat.having_used(Usage(1, 1, 1, 1), day=NEXT_DAY)
    other = replace(chat, id="chat_2", user_id="ann")
    for one in (chat, tomorrow, other):
        store.record(one)
    assert store.of_day(chat.tenant_id, DAY) == [row(chat), row(other)]
    assert store.of_day(chat.tenant_id, NEXT_DAY) == [row(tomorrow)]
    assert store.of_user(chat.tenant_id, "ann", first_day=DAY, last_day=NEXT_DAY) == [row(other)]
    assert store.of_user(chat.tenant_id, "ann#1", first_day=DAY, last_day=NEXT_DAY) == [row(chat), row(tomorrow)]
    assert store.of_user(chat.tenant_id, "ann#1", first_day=NEXT_DAY, last_day=NEXT_DAY) == [row(tomorrow)]
    assert store.of_day("another-tenant", DAY) == []


def test_a_conversation_without_an_ended_attempt_has_nothing_to_record(store: UsageStore, chat: Conversation) -> None:
    fresh = replace(chat, usage=None, ended_attempts=0)
    store.record(fresh)
    assert store.is_recorded(fresh)
    assert store.of_day(chat.tenant_id, DAY) == []
