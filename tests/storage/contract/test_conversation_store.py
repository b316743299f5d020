"""The contract of `ConversationStore`: conversations created, read, listed and deleted."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parlance.conversations.model import Conversation, TokenBatch
from parlance.conversations.port import KeyUsedError, LeaseLostError, StaleError, UsedKey
from parlance.storage.table import ContendedError
from tests.storage.contract.script import DAY, NOW, Script, key, replied, terms, token

type Order = Literal["asc", "desc"]


def listed(script: Script, user_id: str = "ann") -> list[str]:
    page = script.conversations.user_chats(script.tenant_id, user_id, offset=0, limit=1000, order="asc")
    return [chat.id for chat in page.chats]


# Creating.


def test_a_created_conversation_reads_back_as_it_was_returned(script: Script) -> None:
    blank = script.blank(metadata={"nested": {"list": [1, 2.5, None, True, "ü"]}, "big": 12345678901234567890123})
    created = script.conversations.create(blank, key=None, token=token())
    assert script.conversation(blank.id) == created
    assert created.metadata == blank.metadata
    assert (created.user_chat_number, created.last_number, created.message_count) == (1, 0, 0)
    assert (created.last_message_at, created.lease, created.request_key) == (None, None, None)


def test_nothing_is_found_under_an_id_that_was_never_created(script: Script) -> None:
    assert script.conversations.get(script.tenant_id, "chat_none") is None
    assert script.conversations.deleted(script.tenant_id, "chat_none") is None
    assert script.delete("chat_none") is None


def test_the_chats_of_a_user_are_numbered_in_the_order_of_creation(script: Script) -> None:
    numbers = [script.create().user_chat_number for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert script.create(user_id="bob").user_chat_number == 1


def test_creating_again_with_the_same_token_creates_nothing_and_answers_the_same(script: Script) -> None:
    blank, again = script.blank(), token()
    first = script.conversations.create(blank, key=None, token=again)
    second = script.conversations.create(blank, key=None, token=again)
    assert second == first
    assert listed(script) == [blank.id]
    assert script.create().user_chat_number == 2


def test_creating_again_with_the_same_token_and_key_answers_the_same(script: Script) -> None:
    blank, again = script.blank(), token()
    first = script.conversations.create(blank, key=key(), token=again)
    assert script.conversations.create(blank, key=key(), token=again) == first
    assert listed(script) == [blank.id]


def test_a_used_key_names_what_it_created(script: Script) -> None:
    created = script.create(request=key("k", "body 1"))
    assert created.request_key == "k"
    with pytest.raises(KeyUsedError) as refused:
        script.create(request=key("k", "body 2"))
    assert refused.value.used == UsedKey(body_hash="body 1", result=created.id)
    assert listed(script) == [created.id]


def test_a_key_counts_until_it_expires_and_is_taken_over_then(script: Script) -> None:
    script.create(request=key(expires_at=NOW + 1000))
    with pytest.raises(KeyUsedError):
        script.create(request=key(), now=NOW + 1000)
    later = script.create(request=key(expires_at=NOW + DAY), now=NOW + 1001)
    with pytest.raises(KeyUsedError) as refused:
        script.create(request=key(), now=NOW + 1002)
    assert refused.value.used.result == later.id


def test_the_same_key_and_the_same_ids_of_two_tenants_have_nothing_to_do_with_each_other(script: Script) -> None:
    other = script.of_another_tenant()
    conversation_id = f"chat_{uuid4().hex}"
    mine = script.conversations.create(script.blank(conversation_id=conversation_id), key=key(), token=token())
    theirs = other.conversations.create(other.blank(conversation_id=conversation_id), key=key(), token=token())
    script.send(conversation_id, "mine")
    other.send(conversation_id, "theirs")
    assert (mine.user_chat_number, theirs.user_chat_number) == (1, 1)
    assert [message.content for message in script.transcript(conversation_id)] == ["mine"]
    script.delete(conversation_id)
    assert other.conversation(conversation_id).message_count == 1
    assert listed(other) == [conversation_id]


@pytest.mark.parametrize("user_id", ["ann#U#bob", "#", "käthe ☃", "x" * 512, " "])
def test_a_user_id_may_hold_anything(script: Script, user_id: str) -> None:
    script.create(user_id="ann")
    created = script.create(user_id=user_id)
    assert created.user_chat_number == 1
    assert listed(script, user_id) == [created.id]


def test_creations_at_once_for_one_user_are_numbered_without_gap_or_double(script: Script) -> None:
    def create(_: int) -> Conversation:
        blank = script.blank()
        for _attempt in range(1000):
            try:
                return script.conversations.create(blank, key=None, token=token())
            except (StaleError, ContendedError):
                continue
        pytest.fail("never came through")

    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(create, range(16)))
    assert sorted(chat.user_chat_number for chat in created) == list(range(1, 17))
    assert listed(script) == [chat.id for chat in sorted(created, key=lambda chat: chat.user_chat_number)]


# Listing.


def test_a_user_without_chats_has_an_empty_list(script: Script) -> None:
    page = script.conversations.user_chats(script.tenant_id, "nobody", offset=0, limit=10, order="desc")
    assert (list(page.chats), page.total) == ([], 0)


def test_a_list_shows_each_conversation_as_it_stands(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    page = script.conversations.user_chats(script.tenant_id, "ann", offset=0, limit=10, order="asc")
    assert list(page.chats) == [script.conversation(chat.id)]
    assert page.chats[0].message_count == 1


def test_a_page_may_hold_more_chats_than_one_batch_read_returns(script: Script) -> None:
    chats = [script.create().id for _ in range(105)]
    page = script.conversations.user_chats(script.tenant_id, "ann", offset=2, limit=103, order="asc")
    assert [chat.id for chat in page.chats] == chats[2:]


@given(
    chats=st.integers(0, 12),
    deletions=st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=10),
    offset=st.integers(0, 14),
    limit=st.integers(1, 14),
    order=st.sampled_from(["asc", "desc"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_page_is_the_slice_of_the_chats_that_exist(
    script: Script, chats: int, deletions: list[tuple[int, bool]], offset: int, limit: int, order: Order
) -> None:
    user_id = uuid4().hex
    existing = [script.create(user_id=user_id).id for _ in range(chats)]
    for place, forgotten in deletions:
        if existing:
            gone = existing.pop(place % len(existing))
            deleted = script.delete(gone)
            if forgotten and deleted:
                script.conversations.forget(deleted)
    expected = existing if order == "asc" else existing[::-1]
    page = script.conversations.user_chats(script.tenant_id, user_id, offset=offset, limit=limit, order=order)
    assert [chat.id for chat in page.chats] == expected[offset : offset + limit]
    assert page.total == len(existing)


def test_numbers_of_deleted_chats_are_not_given_out_again(script: Script) -> None:
    for _ in range(2):
        deleted = script.delete(script.create().id)
        assert deleted is not None
        script.conversations.forget(deleted)
    assert script.create().user_chat_number == 3


# Messages.


def test_messages_are_those_whose_numbers_lie_in_the_range(script: Script) -> None:
    chat = script.create()
    for content in ("a", "b", "c"):
        script.send(chat.id, content)
        script.answer(chat.id)

    def read(first: int, last: int, order: Order = "asc") -> list[str]:
        found = script.conversations.messages(script.tenant_id, chat.id, first=first, last=last, order=order)
        return [message.content for message in found]

    assert read(1, 6) == ["a", "re: a", "b", "re: b", "c", "re: c"]
    assert read(2, 4) == ["re: a", "b", "re: b"]
    assert read(2, 4, "desc") == ["re: b", "b", "re: a"]
    assert read(7, 9) == []
    assert read(5, 2) == []


def test_numbers_without_a_message_are_passed_over(script: Script) -> None:
    chat = script.create()
    script.send(chat.id, "a")
    script.fail(chat.id)
    script.send(chat.id, "b")
    assert [(message.number, message.content) for message in script.transcript(chat.id)] == [(1, "a"), (3, "b")]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_messages_come_whole_however_many_bytes_they_take(script: Script, order: Order) -> None:
    chat = script.create()
    for _ in range(12):
        script.send(chat.id, "x" * 200_000)
    found = script.conversations.messages(script.tenant_id, chat.id, first=1, last=100, order=order)
    assert [message.number for message in found] == sorted(range(1, 24, 2), reverse=order == "desc")


# Deleting.


def test_a_deleted_conversation_is_gone_for_everybody_but_the_sweep(script: Script) -> None:
    kept, chat = script.create(), script.create()
    script.send(chat.id)
    as_it_stood = script.conversation(chat.id)
    assert script.delete(chat.id) == as_it_stood
    assert script.conversations.get(script.tenant_id, chat.id) is None
    assert listed(script) == [kept.id]
    assert script.conversations.deleted(script.tenant_id, chat.id) == as_it_stood
    assert script.conversations.deleted(script.tenant_id, kept.id) is None


def test_only_the_first_deletion_finds_something_to_delete(script: Script) -> None:
    chat = script.create()
    assert script.delete(chat.id) is not None
    assert script.delete(chat.id) is None


def test_deleting_again_with_the_same_token_answers_the_same(script: Script) -> None:
    chat, again = script.create(), token()
    first = script.conversations.mark_deleted(script.tenant_id, chat.id, now=NOW, token=again)
    second = script.conversations.mark_deleted(script.tenant_id, chat.id, now=NOW, token=again)
    assert first == chat
    assert second == first
    assert script.create().user_chat_number == 2
    page = script.conversations.user_chats(script.tenant_id, "ann", offset=0, limit=9, order="asc")
    assert page.total == 1


def test_deletions_at_once_find_the_conversation_once(script: Script) -> None:
    chat = script.create()

    def delete(_: int) -> Conversation | None:
        for _attempt in range(1000):
            try:
                return script.delete(chat.id)
            except ContendedError:
                continue
        pytest.fail("never came through")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(delete, range(4)))
    assert found.count(None) == 3


def test_no_turn_is_begun_in_a_deleted_conversation(script: Script) -> None:
    chat = script.create()
    new = script.new_turn(chat.id)
    view = script.view(new)
    script.delete(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.begin(new, view, terms=None, token=token())
    assert refused.value.conversation is None
    assert script.view(new).conversation is None
    assert script.turns.turn(script.tenant_id, chat.id, 1) is None


def test_a_session_does_not_come_back_while_its_deleted_conversation_is_still_there(script: Script) -> None:
    chat = script.create()
    script.delete(chat.id)
    new = script.new_turn(chat.id, creates=script.blank(conversation_id=chat.id))
    with pytest.raises(StaleError) as refused:
        script.begin(new)
    assert refused.value.conversation is None


def test_no_turn_of_a_deleted_conversation_is_claimed(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    work = script.work(chat.id)
    script.delete(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.claim(work, terms(), token=token())
    assert refused.value.conversation is None
    assert script.work(chat.id).conversation is None
    assert script.work(chat.id, hint=1).turn is None


def test_the_holder_of_a_deleted_conversation_keeps_nothing(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    script.delete(chat.id)
    with pytest.raises(LeaseLostError):
        script.turns.renew(claim, until=NOW + 60_000, token=token())
    with pytest.raises(LeaseLostError):
        script.finish(claim, replied(claim))
    assert script.turns.message(script.tenant_id, chat.id, 2) is None


def test_a_failed_turn_of_a_deleted_conversation_is_not_put_back_in_line(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    failed = script.turn(chat.id, 1)
    script.delete(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.retry(script.tenant_id, chat.id, failed, token=token())
    assert refused.value.conversation is None


def fill(script: Script) -> Conversation:
    """A conversation with an item of every kind: two messages and turns, a key, two batches of tokens."""
    chat = script.create(request=key("creation"))
    script.begin(script.new_turn(chat.id, request=key("message")))
    claim = script.claim(chat.id)
    for index in range(2):
        script.turns.put_tokens(claim, TokenBatch(index, ("token",)), expires_at=NOW + DAY)
    script.finish(claim, replied(claim))
    script.send(chat.id)
    return chat


def test_a_sweep_deletes_a_few_items_at_a_time_and_says_when_none_is_left(script: Script) -> None:
    chat = fill(script)
    script.delete(chat.id)
    sweeps = 1
    while not script.conversations.sweep(script.tenant_id, chat.id, limit=2):
        sweeps += 1
        assert sweeps < 10
    assert sweeps >= 4
    assert script.transcript(chat.id) == []
    assert script.turns.turn(script.tenant_id, chat.id, 1) is None
    assert script.conversations.deleted(script.tenant_id, chat.id) is not None
    assert script.conversations.sweep(script.tenant_id, chat.id, limit=2)


def test_nothing_names_a_forgotten_conversation(script: Script) -> None:
    kept, chat = script.create(), fill(script)
    assert script.remains(chat.id)
    deleted = script.delete(chat.id)
    assert deleted is not None
    assert script.conversations.sweep(script.tenant_id, chat.id, limit=100)
    script.conversations.forget(deleted)
    assert script.remains(chat.id) == []
    assert script.conversations.deleted(script.tenant_id, chat.id) is None
    assert listed(script) == [kept.id]
    script.conversations.forget(deleted)


def test_a_key_whose_conversation_is_forgotten_may_create_another(script: Script) -> None:
    deleted = script.delete(script.create(request=key()).id)
    assert deleted is not None
    script.conversations.forget(deleted)
    assert script.create(request=key()).user_chat_number == 2


def test_forgetting_leaves_a_key_that_has_created_another_conversation_since(script: Script) -> None:
    old = script.create(request=key(expires_at=NOW + 1000))
    new = script.create(request=key(), now=NOW + 1001)
    deleted = script.delete(old.id)
    assert deleted is not None
    script.conversations.forget(deleted)
    with pytest.raises(KeyUsedError) as refused:
        script.create(request=key(), now=NOW + 1002)
    assert refused.value.used.result == new.id


def test_a_claim_on_a_forgotten_conversation_finds_none(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    work = script.work(chat.id)
    deleted = script.delete(chat.id)
    assert deleted is not None
    assert script.conversations.sweep(script.tenant_id, chat.id, limit=100)
    script.conversations.forget(deleted)
    with pytest.raises(StaleError) as refused:
        script.turns.claim(work, terms(), token=token())
    assert refused.value.conversation is None


def test_a_session_begins_anew_once_its_conversation_is_forgotten(script: Script) -> None:
    chat = fill(script)
    deleted = script.delete(chat.id)
    assert deleted is not None
    assert script.conversations.sweep(script.tenant_id, chat.id, limit=100)
    script.conversations.forget(deleted)
    begun = script.begin(script.new_turn(chat.id, creates=script.blank(conversation_id=chat.id)))
    assert begun.turn.number == 1
    assert script.conversation(chat.id).user_chat_number == 2
