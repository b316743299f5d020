"""What a conversation's counters say: work, the lease, the newest message, retries, and a user's count of chats."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.conversations.model import Claim, Conversation, Lease, Message, Turn, TurnState
from parlance.conversations.port import User
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.storage.contract.script import NOW, Script, Stores

CONVERSATION = Conversation(
    tenant_id="t", id="c", user_id="u", agent_id="a", title="", created_at=NOW, updated_at=NOW, drained=3, last_turn=3
)
TURN = Turn(id="turn_3", number=3, message_id="m", reply_id="r", state=TurnState.RECEIVED, created_at=NOW)
MESSAGE = Message(id="m", number=3, role="user", content="hello", created_at=NOW)


def in_memory() -> Script:
    tables = MemoryTables()
    stores = Stores(MemoryConversationStore(tables), MemoryTurnStore(tables), remains=lambda _: [])
    return Script(stores, "tenant")


@pytest.mark.parametrize(
    ("changed", "has_work"),
    [
        (CONVERSATION, False),
        (replace(CONVERSATION, last_turn=5), True),
        (replace(CONVERSATION, retries=(1,)), True),
        (replace(CONVERSATION, failed_turn=3), False),
        (replace(CONVERSATION, drained=0, last_turn=0), False),
    ],
)
def test_there_is_work_while_a_turn_has_not_ended_or_waits_for_another_attempt(
    changed: Conversation, has_work: bool
) -> None:
    assert changed.has_work is has_work


@pytest.mark.parametrize(("now", "held"), [(NOW - 1, True), (NOW, True), (NOW + 1, False)])
def test_a_lease_is_held_to_the_end_of_its_last_millisecond(now: int, held: bool) -> None:
    leased = replace(CONVERSATION, lease=Lease("owner", NOW, 3))
    assert leased.lease_held(now) is held


def test_no_lease_is_held_where_there_is_none() -> None:
    assert not CONVERSATION.lease_held(0)


@pytest.mark.parametrize(("drained", "is_retry"), [(0, False), (1, False), (3, True), (5, True)])
def test_a_claim_on_a_turn_that_had_ended_is_a_retry(drained: int, is_retry: bool) -> None:
    conversation = replace(CONVERSATION, drained=drained)
    assert Claim(Lease("owner", NOW, 3), conversation, TURN, MESSAGE).is_retry is is_retry


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (TurnState.RECEIVED, False),
        (TurnState.GENERATING, False),
        (TurnState.DONE, True),
        (TurnState.STOPPED, True),
        (TurnState.FAILED, True),
    ],
)
def test_a_turn_has_ended_when_nothing_runs_it_any_more(state: TurnState, ended: bool) -> None:
    assert state.ended is ended


def test_a_user_has_the_chats_that_are_neither_below_the_floor_nor_deleted() -> None:
    user = User("t", "u", NOW, last_chat=10, chats_floor=4, deleted_chats=frozenset({6, 9}))
    assert user.chat_count == 4


@given(st.lists(st.sampled_from(["send", "answer", "stop", "fail", "retry oldest", "retry newest"]), max_size=25))
def test_the_newest_message_is_the_one_with_the_highest_number(steps: list[str]) -> None:
    script = in_memory()
    chat = script.create()
    for step in steps:
        take(step, script, chat.id)
        numbers = [message.number for message in script.transcript(chat.id)]
        assert script.conversation(chat.id).newest_message == max(numbers, default=0)
        assert script.conversation(chat.id).message_count == len(numbers)


def take(step: str, script: Script, conversation_id: str) -> None:
    """One step, if there is anything to do it to."""
    if step == "send":
        script.send(conversation_id)
        return
    if step.startswith("retry"):
        last = script.conversation(conversation_id).last_turn
        failed = [n for n in range(1, last + 1, 2) if script.turn(conversation_id, n).state is TurnState.FAILED]
        if failed:
            script.retry(conversation_id, failed[0] if step == "retry oldest" else failed[-1])
        return
    if not script.conversation(conversation_id).has_work:
        return
    if step == "fail":
        script.fail(conversation_id)
    else:
        script.answer(conversation_id, stopped=step == "stop")
