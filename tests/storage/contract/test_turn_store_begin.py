"""The contract of `TurnStore.begin`: numbers, keys, leases and conversations, all or nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from parlance import ids
from parlance.conversations.model import Lease, Message, Turn, TurnState
from parlance.conversations.port import Begun, KeyUsedError, NewTurn, StaleError, UsedKey
from parlance.storage.table import ContendedError
from tests.storage.contract.script import DAY, NOW, Script, key, listener, terms, token


def test_a_message_takes_the_next_number_and_its_reply_the_one_after(script: Script) -> None:
    chat = script.create()
    new = script.new_turn(
        chat.id, "hello", now=NOW + 5, metadata={"a": [1.5, None]}, listeners={"conn=1": listener(nonce="n")}
    )
    begun = script.begin(new)
    assert begun.turn == Turn(
        id=ids.turn_id(new.turn_random, 1),
        number=1,
        message_id=ids.message_id(new.message_random, 1),
        reply_id=ids.message_id(new.reply_random, 2),
        state=TurnState.RECEIVED,
        created_at=NOW + 5,
        listeners={"conn=1": listener(nonce="n")},
    )
    assert begun.message == Message(
        id=begun.turn.message_id,
        number=1,
        role="user",
        content="hello",
        created_at=NOW + 5,
        turn_id=begun.turn.id,
        metadata={"a": [1.5, None]},
    )
    assert begun.claim is None


def test_a_begun_turn_reads_back_as_it_was_returned(script: Script) -> None:
    chat = script.create()
    listeners = {"c1": listener(), "c2": listener(7, attempt=2, nonce="")}
    begun = script.begin(
        script.new_turn(chat.id, "ünï ☃ \x00", request=key(), metadata={"x": 10**30}, listeners=listeners)
    )
    assert script.turn(chat.id, 1) == begun.turn
    assert script.message(chat.id, 1) == begun.message


def test_what_the_agent_should_know_is_kept_with_the_turn(script: Script) -> None:
    chat = script.create()
    context = {"identity": {"subject": "änn", "attributes": {"x": "1.50"}}}
    begun = script.begin(replace(script.new_turn(chat.id, "hello"), context=context))
    assert begun.turn.context == context
    assert script.turn(chat.id, 1).context == context


def test_the_conversation_counts_what_was_begun(script: Script) -> None:
    chat = script.create()
    script.send(chat.id, now=NOW + 1)
    begun = script.send(chat.id, now=NOW + 2)
    assert (begun.turn.number, begun.turn.previous) == (3, 1)
    assert script.conversation(chat.id) == replace(
        chat, last_number=4, last_turn=3, message_count=2, updated_at=NOW + 2, last_message_at=NOW + 2
    )


def test_what_is_not_there_reads_as_none(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    assert script.turns.turn(script.tenant_id, chat.id, 2) is None
    assert script.turns.message(script.tenant_id, chat.id, 2) is None
    assert script.turns.turn(script.tenant_id, "chat_none", 1) is None
    assert script.turns.message("tenant-none", chat.id, 1) is None


def test_a_turn_begun_on_an_old_view_is_refused_with_how_the_conversation_stands(script: Script) -> None:
    chat = script.create()
    late = script.new_turn(chat.id, "late", request=key())
    view = script.view(late)
    script.send(chat.id, "first")
    with pytest.raises(StaleError) as refused:
        script.turns.begin(late, view, terms=None, token=token())
    assert refused.value.conversation == script.conversation(chat.id)
    assert [message.content for message in script.transcript(chat.id)] == ["first"]
    assert script.view(late).used_key is None


def test_a_refusal_is_enough_to_begin_again_on(script: Script) -> None:
    chat = script.create()
    late = script.new_turn(chat.id, "late")
    view = script.view(late)
    script.send(chat.id, "first")
    with pytest.raises(StaleError) as refused:
        script.turns.begin(late, view, terms=None, token=token())
    fresh = replace(view, conversation=refused.value.conversation)
    assert script.turns.begin(late, fresh, terms=None, token=token()).turn.number == 3


def test_a_finish_between_view_and_begin_does_no_harm(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    next_ = script.new_turn(chat.id)
    view = script.view(next_)
    script.answer(chat.id)
    assert script.turns.begin(next_, view, terms=None, token=token()).turn.number == 3
    conversation = script.conversation(chat.id)
    assert (conversation.message_count, conversation.drained, conversation.lease) == (3, 1, None)


def test_no_turn_begins_where_there_is_no_conversation(script: Script) -> None:
    with pytest.raises(StaleError) as refused:
        script.send("chat_none")
    assert refused.value.conversation is None


def test_beginning_again_with_the_same_token_begins_nothing_and_answers_the_same(script: Script) -> None:
    chat = script.create()
    new, again, lease = script.new_turn(chat.id, request=key()), token(), terms()
    view = script.view(new)
    first = script.turns.begin(new, view, terms=lease, token=again)
    assert script.turns.begin(new, view, terms=lease, token=again) == first
    assert script.conversation(chat.id).message_count == 1


def test_a_refused_token_may_be_used_again(script: Script) -> None:
    chat = script.create()
    new, again = script.new_turn(chat.id), token()
    view = script.view(new)
    script.send(chat.id)
    with pytest.raises(StaleError):
        script.turns.begin(new, view, terms=None, token=again)
    with pytest.raises(StaleError):
        script.turns.begin(new, view, terms=None, token=again)
    assert script.conversation(chat.id).message_count == 1


def test_turns_begun_at_once_are_numbered_densely_and_none_is_lost(script: Script) -> None:
    chat = script.create()

    def send(content: str) -> Begun:
        new = script.new_turn(chat.id, content)
        for _attempt in range(2000):
            try:
                return script.begin(new)
            except (StaleError, ContendedError):
                continue
        pytest.fail("never came through")

    contents = [f"message {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(send, contents))
    assert sorted(one.turn.number for one in begun) == list(range(1, 80, 2))
    assert sorted(message.content for message in script.transcript(chat.id)) == sorted(contents)
    conversation = script.conversation(chat.id)
    assert (conversation.last_number, conversation.last_turn, conversation.message_count) == (80, 79, 40)
    turns = script.turns.pending(conversation, limit=100)
    assert [turn.previous for turn in turns] == [0, *(turn.number for turn in turns[:-1])]


# Keys.


def test_a_used_key_is_seen_beforehand(script: Script) -> None:
    chat = script.create()
    begun = script.begin(script.new_turn(chat.id, request=key("k", "body")))
    view = script.view(script.new_turn(chat.id, request=key("k", "other body")))
    assert view.used_key == UsedKey(body_hash="body", result=str(begun.turn.number))
    assert view.conversation == script.conversation(chat.id)
    assert view.user is None
    assert begun.turn.body_hash == "body"


def test_a_key_taken_since_the_view_names_its_turn_and_wins_over_the_moved_count(script: Script) -> None:
    chat = script.create()
    late = script.new_turn(chat.id, request=key("k", "late body"))
    view = script.view(late)
    script.begin(script.new_turn(chat.id, request=key("k", "first body")))
    with pytest.raises(KeyUsedError) as refused:
        script.turns.begin(late, view, terms=None, token=token())
    assert refused.value.used == UsedKey(body_hash="first body", result="1")
    assert script.conversation(chat.id).message_count == 1


def test_a_used_key_is_refused_on_a_fresh_view_too(script: Script) -> None:
    chat = script.create()
    script.begin(script.new_turn(chat.id, request=key()))
    with pytest.raises(KeyUsedError):
        script.begin(script.new_turn(chat.id, request=key()))
    assert script.conversation(chat.id).message_count == 1


def test_a_key_counts_until_it_expires_and_is_taken_over_then(script: Script) -> None:
    chat = script.create()
    script.begin(script.new_turn(chat.id, request=key(expires_at=NOW + 1000)))
    at_the_end = script.new_turn(chat.id, request=key(), now=NOW + 1000)
    assert script.view(at_the_end).used_key is not None
    with pytest.raises(KeyUsedError):
        script.begin(at_the_end)
    later = script.new_turn(chat.id, request=key(expires_at=NOW + DAY), now=NOW + 1001)
    assert script.view(later).used_key is None
    assert script.begin(later).turn.number == 3
    assert script.view(later).used_key == UsedKey("body", "3")


def test_an_expired_key_does_not_hide_that_the_conversation_has_moved_on(script: Script) -> None:
    chat = script.create()
    script.begin(script.new_turn(chat.id, request=key(expires_at=NOW)))
    late = script.new_turn(chat.id, request=key(), now=NOW + 1)
    view = script.view(late)
    script.send(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.begin(late, view, terms=None, token=token())
    assert refused.value.conversation == script.conversation(chat.id)


def test_a_key_belongs_to_its_conversation(script: Script) -> None:
    for _ in range(2):
        assert script.begin(script.new_turn(script.create().id, request=key())).turn.number == 1


# Taking the lease along.


def test_beginning_with_terms_takes_the_lease_and_starts_the_first_attempt(script: Script) -> None:
    chat = script.create()
    lease = terms()
    begun = script.begin(script.new_turn(chat.id), lease)
    assert begun.claim is not None
    assert begun.claim.lease == Lease(lease.owner, lease.until, 1)
    assert begun.claim.conversation == script.conversation(chat.id)
    assert begun.claim.conversation.lease == begun.claim.lease
    assert (begun.turn.state, begun.turn.attempt) == (TurnState.GENERATING, 1)
    assert begun.claim.turn == begun.turn == script.turn(chat.id, 1)
    assert begun.claim.message == begun.message
    assert not begun.claim.is_retry


def test_a_held_lease_is_not_taken_along(script: Script) -> None:
    chat = script.create()
    held = terms(lasts=1000)
    script.begin(script.new_turn(chat.id), held)
    for now in (NOW, held.until):
        with pytest.raises(StaleError) as refused:
            script.begin(script.new_turn(chat.id), terms(now))
        assert refused.value.conversation == script.conversation(chat.id)


def test_a_lease_is_not_taken_along_past_a_turn_that_waits(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    with pytest.raises(StaleError) as refused:
        script.begin(script.new_turn(chat.id), terms())
    assert refused.value.conversation == script.conversation(chat.id)


def test_a_lease_is_not_taken_along_past_a_turn_left_behind_by_a_lease_that_ran_out(script: Script) -> None:
    chat = script.create()
    held = terms(lasts=1000)
    script.begin(script.new_turn(chat.id), held)
    with pytest.raises(StaleError):
        script.begin(script.new_turn(chat.id), terms(held.until + 1))


def test_a_lease_is_not_taken_along_past_a_retry_that_waits(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.retry(chat.id, 1)
    with pytest.raises(StaleError) as refused:
        script.begin(script.new_turn(chat.id), terms())
    assert refused.value.conversation == script.conversation(chat.id)


def test_the_next_lease_can_be_taken_along_once_the_turn_has_ended(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.answer(chat.id)
    begun = script.begin(script.new_turn(chat.id), terms())
    assert begun.claim is not None
    assert begun.claim.conversation.drained == 1
    assert begun.turn.number == 3


# Creating the conversation along.


def session(script: Script, content: str = "hello", *, user_id: str = "ann") -> NewTurn:
    """The first message of a session, whose conversation has the same id whoever begins it."""
    return script.new_turn("session-1", content, creates=script.blank(user_id=user_id, conversation_id="session-1"))


def test_the_first_message_creates_its_conversation(script: Script) -> None:
    script.create()
    new = session(script)
    view = script.view(new)
    assert (view.conversation, view.user and view.user.last_chat) == (None, 1)
    assert script.turns.begin(new, view, terms=None, token=token()).turn.number == 1
    conversation = script.conversation("session-1")
    assert conversation == replace(
        script.blank(conversation_id="session-1"),
        user_chat_number=2,
        last_number=2,
        last_turn=1,
        message_count=1,
        last_message_at=NOW,
    )
    page = script.conversations.user_chats(script.tenant_id, "ann", offset=0, limit=9, order="desc")
    assert [chat.id for chat in page.chats][:1] == ["session-1"]
    assert page.total == 2


def test_the_first_message_creates_its_user(script: Script) -> None:
    new = session(script, user_id="new user")
    assert script.view(new).user is None
    script.begin(new)
    user = script.view(session(script, user_id="new user")).user
    assert user is not None
    assert (user.id, user.last_chat, user.chat_count, user.created_at) == ("new user", 1, 1, NOW)


def test_the_first_message_may_take_the_lease_along(script: Script) -> None:
    lease = terms()
    begun = script.begin(session(script), lease)
    assert begun.claim is not None
    assert script.conversation("session-1").lease == Lease(lease.owner, lease.until, 1)
    assert begun.claim.conversation == script.conversation("session-1")


def test_a_creation_repeated_with_the_same_token_creates_nothing(script: Script) -> None:
    new, again = session(script), token()
    view = script.view(new)
    first = script.turns.begin(new, view, terms=None, token=again)
    assert script.turns.begin(new, view, terms=None, token=again) == first
    assert script.create().user_chat_number == 2


def test_of_two_first_messages_the_second_is_told_of_the_conversation(script: Script) -> None:
    late = session(script, "late")
    view = script.view(late)
    script.begin(session(script, "first"))
    with pytest.raises(StaleError) as refused:
        script.turns.begin(late, view, terms=None, token=token())
    assert refused.value.conversation == script.conversation("session-1")
    assert script.begin(late).turn.number == 3


def test_a_key_of_the_first_message_wins_over_the_conversation_being_there(script: Script) -> None:
    new = replace(session(script), key=key())
    view = script.view(new)
    script.begin(new)
    with pytest.raises(KeyUsedError):
        script.turns.begin(new, view, terms=None, token=token())


def test_a_creation_is_refused_when_the_count_of_the_users_chats_has_moved(script: Script) -> None:
    new = session(script)
    view = script.view(new)
    script.create()
    with pytest.raises(StaleError) as refused:
        script.turns.begin(new, view, terms=None, token=token())
    assert refused.value.conversation is None
    assert script.conversations.get(script.tenant_id, "session-1") is None
    assert script.turns.turn(script.tenant_id, "session-1", 1) is None


def test_first_messages_at_once_make_one_conversation(script: Script) -> None:
    def send(content: str) -> Begun:
        new = session(script, content)
        for _attempt in range(1000):
            try:
                return script.begin(new)
            except (StaleError, ContendedError):
                continue
        pytest.fail("never came through")

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(send, [str(number) for number in range(8)]))
    assert sorted(one.turn.number for one in begun) == list(range(1, 16, 2))
    assert script.conversations.user_chats(script.tenant_id, "ann", offset=0, limit=9, order="asc").total == 1
