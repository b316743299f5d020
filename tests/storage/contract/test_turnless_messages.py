"""The contract for messages that begin no turn, and for giving one to the newest of them later."""

from dataclasses import replace

import pytest

from parlance.conversations.model import Conversation, Message
from parlance.conversations.port import NewMessage, StaleError
from tests.storage.contract.script import NOW, Script, replied, terms, token


def a_message(content: str = "hello", *, now: int = NOW) -> NewMessage:
    return NewMessage("user", content, now, "ab" * 12, metadata={"a": 10**30}, profile={"type": "context"})


def append(script: Script, chat: Conversation, content: str = "hello") -> Message:
    return script.conversations.append(script.conversation(chat.id), a_message(content), token=token())


def test_a_message_takes_one_number_and_begins_nothing(script: Script) -> None:
    chat = script.create()
    message = append(script, chat)
    assert (message.number, message.turn_id) == (1, None)
    assert script.message(chat.id, 1) == message
    assert script.conversations.message(chat.tenant_id, chat.id, 1) == message
    stands = script.conversation(chat.id)
    assert (stands.last_number, stands.last_turn, stands.message_count, stands.settled) == (1, 0, 1, 1)
    assert not stands.has_work
    assert stands.newest_message == 1
    assert script.begin(script.new_turn(chat.id, "next")).turn.number == 2


def test_it_is_stored_once_under_one_token(script: Script) -> None:
    chat = script.create()
    seen, once = script.conversation(chat.id), token()
    for _ in range(2):
        script.conversations.append(seen, a_message(), token=once)
    assert script.conversation(chat.id).message_count == 1


def test_whoever_saw_an_older_state_is_told_the_newer_one(script: Script) -> None:
    chat = script.create()
    append(script, chat)
    with pytest.raises(StaleError) as refused:
        script.conversations.append(chat, a_message(), token=token())
    assert refused.value.conversation == script.conversation(chat.id)
    script.delete(chat.id)
    with pytest.raises(StaleError) as gone:
        script.conversations.append(script_last(refused), a_message(), token=token())
    assert gone.value.conversation is None


def script_last(refused: "pytest.ExceptionInfo[StaleError]") -> Conversation:
    assert refused.value.conversation is not None
    return refused.value.conversation


def test_the_newest_message_is_given_a_turn(script: Script) -> None:
    chat = script.create()
    append(script, chat, "first")
    message = append(script, chat, "second")
    new = replace(script.new_turn(chat.id, message.content), answers=message)
    begun = script.begin(new, terms())
    assert (begun.turn.number, begun.turn.message_id, begun.turn.reply_number) == (2, message.id, 3)
    assert begun.message == replace(message, turn_id=begun.turn.id)
    assert begun.claim is not None
    script.finish(begun.claim, replied(begun.claim, "an answer"))
    assert [one.content for one in script.transcript(chat.id)] == ["first", "second", "an answer"]
    stands = script.conversation(chat.id)
    assert (stands.message_count, stands.last_number, stands.settled) == (3, 3, 3)


def test_a_message_that_is_not_the_newest_any_more_is_not(script: Script) -> None:
    chat = script.create()
    message = append(script, chat)
    new = replace(script.new_turn(chat.id, message.content), answers=message)
    view = script.view(new)
    append(script, chat, "meanwhile")
    with pytest.raises(StaleError):
        script.turns.begin(new, view, terms=None, token=token())


def test_what_a_message_says_is_changed_in_place(script: Script) -> None:
    chat = script.create()
    script.send(chat.id, "before")
    before = script.message(chat.id, 1)
    changed = replace(before, content="after", metadata={}, profile={"name": "n"}, turn_id=None, failed=True)
    assert script.conversations.change_message(chat.tenant_id, chat.id, changed)
    assert script.message(chat.id, 1) == replace(changed, turn_id=before.turn_id, failed=False)
    other = replace(before, id="msg_" + "0" * 24 + "1")
    assert not script.conversations.change_message(chat.tenant_id, chat.id, other)
    assert not script.conversations.change_message("another", chat.id, before)


def test_a_message_that_is_removed_leaves_a_gap(script: Script) -> None:
    chat = script.create()
    message, once = append(script, chat), token()
    append(script, chat, "second")
    for _ in range(2):
        assert script.conversations.remove_message(chat.tenant_id, chat.id, message, token=once)
    assert not script.conversations.remove_message(chat.tenant_id, chat.id, message, token=token())
    assert [one.number for one in script.transcript(chat.id)] == [2]
    assert script.conversation(chat.id).message_count == 1
    assert append(script, chat, "third").number == 3


def test_tokens_add_up(script: Script) -> None:
    chat = script.create()
    for _ in range(2):
        script.send(chat.id)
        claim = script.claim(chat.id)
        outcome = replied(claim)
        counted = replace(outcome.reply, metadata={"tokens_used": 7})
        script.finish(claim, replace(outcome, reply=counted))
    assert script.conversation(chat.id).tokens_used == 14
