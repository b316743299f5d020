"""The contract of `TurnStore` for whoever runs turns: the line, the lease, the attempt and its end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parlance.clock import day_of
from parlance.conversations.model import Claim, Conversation, DayUsage, Lease, TokenBatch, TurnState, Usage
from parlance.conversations.port import Failed, LeaseLostError, StaleError
from parlance.storage.table import ContendedError
from tests.storage.contract.script import DAY, FAILURE, LEASE, NOW, Script, listener, replied, terms, token

# The line.


def test_the_turn_begun_first_is_at_the_head_of_the_line(script: Script) -> None:
    chat = script.create()
    first, _ = script.send(chat.id, "a"), script.send(chat.id, "b")
    work = script.work(chat.id)
    assert (work.conversation, work.turn, work.message) == (script.conversation(chat.id), first.turn, first.message)


@pytest.mark.parametrize("hint", [None, 1, 3, 2, 99])
def test_a_hint_changes_nothing_but_the_cost(script: Script, hint: int | None) -> None:
    chat = script.create()
    for content in ("a", "b", "c"):
        script.send(chat.id, content)
    script.answer(chat.id)
    work = script.work(chat.id, hint)
    assert work.turn == script.turn(chat.id, 3)
    assert work.message == script.message(chat.id, 3)


@pytest.mark.parametrize("hint", [None, 1])
def test_an_idle_conversation_has_no_work(script: Script, hint: int | None) -> None:
    chat = script.create()
    assert script.work(chat.id, hint).turn is None
    script.send(chat.id)
    script.answer(chat.id)
    work = script.work(chat.id, hint)
    assert (work.conversation, work.turn, work.message) == (script.conversation(chat.id), None, None)


@pytest.mark.parametrize("hint", [None, 1])
def test_a_conversation_that_is_not_there_has_no_work(script: Script, hint: int | None) -> None:
    work = script.work("chat_none", hint)
    assert (work.conversation, work.turn, work.message) == (None, None, None)


@pytest.mark.parametrize("hint", [None, 1, 3, 5])
def test_a_retry_waits_behind_the_new_turns_and_retries_keep_their_order(script: Script, hint: int | None) -> None:
    chat = script.create()
    for content in ("a", "b", "c"):
        script.send(chat.id, content)
    script.fail(chat.id)
    script.fail(chat.id)
    script.retry(chat.id, 3)
    script.retry(chat.id, 1)
    line = [5, 3, 1]
    assert [turn.number for turn in script.turns.pending(script.conversation(chat.id), limit=10)] == line
    for number in line:
        work = script.work(chat.id, hint)
        assert work.turn is not None
        assert work.message is not None
        assert (work.turn.number, work.message.number) == (number, number)
        script.answer(chat.id)
    assert script.work(chat.id, hint).turn is None


def test_the_line_can_be_read_in_part(script: Script) -> None:
    chat = script.create()
    assert script.turns.pending(chat, limit=10) == []
    begun = [script.send(chat.id) for _ in range(3)]
    assert script.turns.pending(script.conversation(chat.id), limit=2) == [one.turn for one in begun[:2]]


def test_a_turn_that_has_ended_since_the_conversation_was_read_is_not_in_line(script: Script) -> None:
    chat = script.create()
    script.send(chat.id, "a")
    script.send(chat.id, "b")
    before = script.conversation(chat.id)
    script.answer(chat.id)
    assert [turn.number for turn in script.turns.pending(before, limit=10)] == [3]


# Claiming.


def test_a_claim_takes_the_lease_and_starts_an_attempt(script: Script) -> None:
    chat = script.create()
    begun = script.begin(script.new_turn(chat.id, listeners={"c1": listener()}))
    lease = terms()
    work = script.work(chat.id)
    claim = script.turns.claim(work, lease, token=token())
    assert claim.lease == Lease(lease.owner, lease.until, 1)
    assert claim.conversation == script.conversation(chat.id)
    assert claim.conversation.lease == claim.lease
    assert claim.turn == replace(begun.turn, state=TurnState.GENERATING, attempt=1)
    assert claim.turn == script.turn(chat.id, 1)
    assert claim.message == begun.message
    assert not claim.is_retry


def test_a_held_lease_cannot_be_claimed(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    held = script.claim(chat.id)
    for now in (NOW, held.lease.until):
        with pytest.raises(StaleError) as refused:
            script.claim(chat.id, now=now)
        assert refused.value.conversation == script.conversation(chat.id)
    assert script.turn(chat.id, 1).attempt == 1


def test_a_lease_that_ran_out_goes_to_the_next_attempt(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    first = script.claim(chat.id)
    second = script.claim(chat.id, now=first.lease.until + 1)
    assert (second.turn.attempt, second.turn.state) == (2, TurnState.GENERATING)
    assert script.conversation(chat.id).lease == second.lease
    assert second.lease.owner != first.lease.owner


def test_what_was_asked_of_a_turn_outlives_its_holder(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    first = script.claim(chat.id)
    script.turns.request_stop(script.tenant_id, chat.id, 1)
    script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c1", listener=listener(3))
    second = script.claim(chat.id, now=first.lease.until + 1)
    assert second.turn.stop_requested
    assert second.turn.listeners == {"c1": listener(3)}


def test_of_the_claims_at_once_exactly_one_wins(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    work = script.work(chat.id)
    ready = threading.Barrier(8)

    def claim(_: int) -> Claim | None:
        ready.wait(timeout=30)
        for _attempt in range(1000):
            try:
                return script.turns.claim(work, terms(), token=token())
            except StaleError:
                return None
            except ContendedError:
                continue
        pytest.fail("never came through")

    with ThreadPoolExecutor(8) as pool:
        won = [claim for claim in pool.map(claim, range(8)) if claim is not None]
    assert len(won) == 1
    assert script.conversation(chat.id).lease == won[0].lease
    assert script.turn(chat.id, 1).attempt == 1


def test_claiming_again_with_the_same_token_starts_no_other_attempt(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    work, lease, again = script.work(chat.id), terms(), token()
    first = script.turns.claim(work, lease, token=again)
    assert script.turns.claim(work, lease, token=again) == first
    assert script.turn(chat.id, 1).attempt == 1


def test_work_read_before_the_turn_ended_cannot_be_claimed(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.send(chat.id)
    old = script.work(chat.id)
    script.answer(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.claim(old, terms(), token=token())
    assert refused.value.conversation == script.conversation(chat.id)
    assert script.turn(chat.id, 1).state is TurnState.DONE


def test_a_retry_read_before_a_newer_turn_ended_cannot_be_claimed(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.retry(chat.id, 1)
    old = script.work(chat.id)
    script.send(chat.id)
    script.answer(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.claim(old, terms(), token=token())
    assert refused.value.conversation == script.conversation(chat.id)
    assert script.answer(chat.id).conversation.settled == 4


def test_work_read_before_another_attempt_cannot_be_claimed(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    old = script.work(chat.id)
    first = script.claim(chat.id)
    with pytest.raises(StaleError) as refused:
        script.turns.claim(old, terms(first.lease.until + 1), token=token())
    assert refused.value.conversation is not None
    assert script.turn(chat.id, 1).attempt == 1


def test_a_claim_is_not_hindered_by_a_message_that_came_since(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    work = script.work(chat.id)
    script.send(chat.id)
    claim = script.turns.claim(work, terms(), token=token())
    assert claim.turn.number == 1
    assert script.conversation(chat.id).last_turn == 3


def test_a_retry_that_is_not_first_in_its_line_cannot_be_claimed(script: Script) -> None:
    chat = script.create()
    for _ in range(2):
        script.send(chat.id)
        script.fail(chat.id)
        script.retry(chat.id, script.conversation(chat.id).last_turn)
    script.answer(chat.id)
    script.answer(chat.id)
    for _ in range(2):
        script.send(chat.id)
        script.fail(chat.id)
    script.retry(chat.id, 7)
    script.retry(chat.id, 5)
    out_of_line = replace(script.work(chat.id), turn=script.turn(chat.id, 5), message=script.message(chat.id, 5))
    with pytest.raises(StaleError) as refused:
        script.turns.claim(out_of_line, terms(), token=token())
    assert refused.value.conversation == script.conversation(chat.id)


def test_there_is_nothing_to_claim_where_there_is_no_turn(script: Script) -> None:
    chat = script.create()
    with pytest.raises(ValueError, match="turn"):
        script.claim(chat.id)


# Holding.


def test_the_holder_renews_its_lease(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    script.turns.renew(claim, until=NOW + 90_000, token=token())
    assert script.conversation(chat.id).lease == replace(claim.lease, until=NOW + 90_000)
    with pytest.raises(StaleError):
        script.claim(chat.id, now=claim.lease.until + 1)


def test_a_lease_that_ran_out_is_the_holders_until_somebody_takes_it(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    late = claim.lease.until + 1
    script.turns.renew(claim, until=late + LEASE, token=token())
    script.finish(claim, replied(claim), now=late)
    assert script.turn(chat.id, 1).state is TurnState.DONE


def test_a_holder_that_was_replaced_can_do_nothing_any_more(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    old = script.claim(chat.id)
    new = script.claim(chat.id, now=old.lease.until + 1)
    before = script.conversation(chat.id)
    with pytest.raises(LeaseLostError):
        script.turns.renew(old, until=NOW + DAY, token=token())
    with pytest.raises(LeaseLostError):
        script.turns.look(old)
    for outcome in (replied(old, "too late"), Failed(FAILURE)):
        with pytest.raises(LeaseLostError):
            script.finish(old, outcome)
    assert script.conversation(chat.id) == before
    assert script.turn(chat.id, 1) == new.turn
    assert len(script.transcript(chat.id)) == 1
    script.finish(new, replied(new, "in time"))
    assert script.message(chat.id, 2).content == "in time"


def test_a_holder_that_has_finished_can_do_nothing_any_more(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.answer(chat.id)
    with pytest.raises(LeaseLostError):
        script.turns.renew(claim, until=NOW + DAY, token=token())
    with pytest.raises(LeaseLostError):
        script.turns.look(claim)
    with pytest.raises(LeaseLostError):
        script.finish(claim, Failed(FAILURE))
    assert script.turn(chat.id, 1).state is TurnState.DONE


def test_a_renewal_tells_of_a_stop_and_leaves_the_lease_as_it_was(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    assert script.turns.renew(claim, until=NOW + 90_000, token=token())
    script.turns.request_stop(script.tenant_id, chat.id, 1)
    assert not script.turns.renew(claim, until=NOW + 95_000, token=token())
    assert script.conversation(chat.id).lease == replace(claim.lease, until=NOW + 90_000)


def test_a_look_sees_the_stop_and_the_listeners(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    assert script.turns.look(claim) == claim.turn
    script.turns.request_stop(script.tenant_id, chat.id, 1)
    script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c1", listener=listener())
    assert script.turns.look(claim) == replace(claim.turn, stop_requested=True, listeners={"c1": listener()})


# Finishing.


@pytest.mark.parametrize(("stopped", "state"), [(False, TurnState.DONE), (True, TurnState.STOPPED)])
def test_a_reply_ends_its_turn_and_gives_the_lease_back(script: Script, stopped: bool, state: TurnState) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    outcome = replied(claim, "the reply", now=NOW + 7, stopped=stopped)
    script.finish(claim, outcome, now=NOW + 7)
    assert script.message(chat.id, 2) == outcome.reply
    assert script.turn(chat.id, 1) == replace(claim.turn, state=state, ended_at=NOW + 7, usage=Usage(attempt=1))
    assert script.conversation(chat.id) == replace(
        claim.conversation,
        lease=None,
        drained=1,
        settled=2,
        message_count=2,
        last_message_at=NOW + 7,
        updated_at=NOW + 7,
        ended_attempts=1,
        usage=DayUsage(day_of(NOW), attempts=1),
    )
    assert not script.message(chat.id, 1).failed


def test_an_empty_reply_is_kept_as_one(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    script.finish(claim, replied(claim, "", stopped=True))
    assert script.message(chat.id, 2).content == ""


def test_a_failure_ends_its_turn_without_a_reply_and_marks_the_message(script: Script) -> None:
    chat = script.create()
    begun = script.send(chat.id)
    claim = script.claim(chat.id)
    script.finish(claim, Failed(FAILURE), now=NOW + 7)
    assert script.turn(chat.id, 1) == replace(
        claim.turn, state=TurnState.FAILED, failure=FAILURE, ended_at=NOW + 7, usage=Usage(attempt=1)
    )
    assert script.message(chat.id, 1) == replace(begun.message, failed=True)
    assert script.turns.message(script.tenant_id, chat.id, 2) is None
    conversation = script.conversation(chat.id)
    assert (conversation.drained, conversation.failed_turn, conversation.message_count) == (1, 1, 1)
    assert (conversation.settled, conversation.last_message_at, conversation.lease) == (0, NOW, None)
    assert not conversation.has_work


CALLS = ({"id": "c", "name": "look", "arguments": '{"q": 0.1}', "outcome": "ok", "result": "tea", "milliseconds": 5},)


@pytest.mark.parametrize("fails", [False, True])
def test_the_calls_of_a_turn_are_kept_with_it(script: Script, fails: bool) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    outcome = Failed(FAILURE, CALLS) if fails else replace(replied(claim), calls=CALLS)
    script.finish(claim, outcome)
    assert script.turn(chat.id, 1).calls == CALLS


def test_the_calls_of_the_last_attempt_take_the_place_of_those_before(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.finish(script.claim(chat.id), Failed(FAILURE, CALLS))
    script.retry(chat.id, 1)
    script.answer(chat.id)
    assert script.turn(chat.id, 1).calls == ()


def test_what_a_dialect_told_of_a_turn_reaches_whoever_runs_it(script: Script) -> None:
    context = {"identity": {"subject": "ann", "attributes": {}}, "functions": [{"data": [0.1, None]}]}
    chat = script.create()
    script.begin(script.new_turn(chat.id, context=context))
    assert script.claim(chat.id).turn.context == context
    assert script.turn(chat.id, 1).context == context


def test_a_message_that_came_during_the_turn_is_counted_and_runs_next(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    script.send(chat.id)
    script.finish(claim, replied(claim))
    conversation = script.conversation(chat.id)
    assert (conversation.drained, conversation.last_turn, conversation.message_count) == (1, 3, 3)
    work = script.work(chat.id)
    assert work.turn is not None
    assert work.turn.number == 3


@pytest.mark.parametrize("fails", [False, True])
def test_finishing_again_with_the_same_token_changes_nothing(script: Script, fails: bool) -> None:
    chat = script.create()
    script.send(chat.id)
    claim, again = script.claim(chat.id), token()
    outcome = Failed(FAILURE) if fails else replied(claim)
    script.turns.finish(claim, outcome, now=NOW, token=again)
    after = script.conversation(chat.id)
    script.turns.finish(claim, outcome, now=NOW, token=again)
    assert script.conversation(chat.id) == after


def test_a_finish_repeated_under_the_next_holder_does_not_take_its_lease(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.send(chat.id)
    claim, again = script.claim(chat.id), token()
    script.turns.finish(claim, replied(claim), now=NOW, token=again)
    next_ = script.claim(chat.id)
    script.turns.finish(claim, replied(claim), now=NOW, token=again)
    assert script.conversation(chat.id).lease == next_.lease
    assert script.conversation(chat.id).drained == 1


def test_of_the_finishes_at_once_one_is_kept(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)

    def finish(content: str) -> bool:
        for _attempt in range(1000):
            try:
                script.finish(claim, replied(claim, content))
            except LeaseLostError:
                return False
            except ContendedError:
                continue
            return True
        pytest.fail("never came through")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(finish, "abcd")).count(True) == 1
    assert script.conversation(chat.id).message_count == 2


# Retrying.


def test_a_retried_turn_is_received_again_and_keeps_its_listeners(script: Script) -> None:
    chat = script.create()
    script.begin(script.new_turn(chat.id, listeners={"c1": listener()}))
    script.turns.request_stop(script.tenant_id, chat.id, 1)
    script.fail(chat.id)
    failed = script.turn(chat.id, 1)
    assert failed.stop_requested
    script.retry(chat.id, 1)
    assert script.turn(chat.id, 1) == replace(
        failed, state=TurnState.RECEIVED, failure=None, stop_requested=False, ended_at=None, tried=failed.attempt
    )
    conversation = script.conversation(chat.id)
    assert (conversation.retries, conversation.drained, conversation.has_work) == ((1,), 1, True)
    assert script.message(chat.id, 1).failed


def test_a_turn_that_has_not_failed_is_not_retried(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    for state in (TurnState.RECEIVED, TurnState.GENERATING, TurnState.DONE):
        assert script.turn(chat.id, 1).state is state
        with pytest.raises(StaleError) as refused:
            script.retry(chat.id, 1)
        assert refused.value.conversation == script.conversation(chat.id)
        if state is TurnState.RECEIVED:
            claim = script.claim(chat.id)
        elif state is TurnState.GENERATING:
            script.finish(claim, replied(claim))
    assert script.conversation(chat.id).retries == ()


def test_a_failed_turn_is_put_back_in_line_once(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    failed, again = script.turn(chat.id, 1), token()
    for _ in range(2):
        script.turns.retry(script.tenant_id, chat.id, failed, token=again)
    with pytest.raises(StaleError):
        script.turns.retry(script.tenant_id, chat.id, failed, token=token())
    assert script.conversation(chat.id).retries == (1,)


def test_a_retry_that_succeeds_puts_everything_right(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.retry(chat.id, 1)
    claim = script.claim(chat.id, now=NOW + 5)
    assert claim.is_retry
    assert (claim.turn.attempt, claim.turn.failure) == (2, None)
    script.finish(claim, replied(claim), now=NOW + 9)
    assert not script.message(chat.id, 1).failed
    assert script.message(chat.id, 2).role == "assistant"
    assert script.turn(chat.id, 1).state is TurnState.DONE
    conversation = script.conversation(chat.id)
    assert (conversation.retries, conversation.failed_turn, conversation.lease) == ((), 0, None)
    assert (conversation.drained, conversation.settled, conversation.message_count) == (1, 2, 2)


def test_a_retry_of_an_old_turn_does_not_turn_the_counters_back(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.send(chat.id)
    script.answer(chat.id)
    script.retry(chat.id, 1)
    claim = script.answer(chat.id)
    assert claim.is_retry
    conversation = script.conversation(chat.id)
    assert (conversation.drained, conversation.settled, conversation.message_count) == (3, 4, 4)
    assert conversation.newest_message == 4


def test_a_retry_that_fails_again_leaves_the_line(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.retry(chat.id, 1)
    script.fail(chat.id)
    conversation = script.conversation(chat.id)
    assert (conversation.retries, conversation.failed_turn, conversation.drained) == ((), 1, 1)
    assert script.turn(chat.id, 1).state is TurnState.FAILED
    script.retry(chat.id, 1)
    assert script.claim(chat.id).turn.attempt == 3


@pytest.mark.parametrize("succeeds", [True, False])
def test_a_retry_of_an_old_turn_does_not_hide_that_the_newest_failed(script: Script, succeeds: bool) -> None:
    chat = script.create()
    for _ in range(2):
        script.send(chat.id)
        script.fail(chat.id)
    script.retry(chat.id, 1)
    if succeeds:
        script.answer(chat.id)
    else:
        script.fail(chat.id)
    assert script.conversation(chat.id).failed_turn == 3
    assert script.conversation(chat.id).newest_message == 3


def test_retries_that_join_during_one_keep_their_place(script: Script) -> None:
    chat = script.create()
    for _ in range(3):
        script.send(chat.id)
        script.fail(chat.id)
    script.retry(chat.id, 5)
    claim = script.claim(chat.id)
    script.retry(chat.id, 1)
    script.retry(chat.id, 3)
    script.finish(claim, replied(claim))
    assert script.conversation(chat.id).retries == (1, 3)


# Stopping and listening.


def ended(script: Script, state: TurnState) -> Conversation:
    chat = script.create()
    script.send(chat.id)
    if state is TurnState.FAILED:
        script.fail(chat.id)
    else:
        script.answer(chat.id, stopped=state is TurnState.STOPPED)
    return chat


@pytest.mark.parametrize("claimed", [False, True])
def test_a_live_turn_can_be_asked_to_stop_and_be_listened_to(script: Script, claimed: bool) -> None:
    chat = script.create()
    turn = script.send(chat.id).turn
    if claimed:
        turn = script.claim(chat.id).turn
    stopped = script.turns.request_stop(script.tenant_id, chat.id, 1)
    assert stopped == replace(turn, stop_requested=True)
    heard = script.turns.listen(script.tenant_id, chat.id, 1, connection_id="a.b-c=:#1", listener=listener(4))
    assert heard == replace(stopped, listeners={"a.b-c=:#1": listener(4)})
    assert script.turn(chat.id, 1) == heard


def test_a_connection_listens_once_by_its_latest_wish(script: Script) -> None:
    chat = script.create()
    script.begin(script.new_turn(chat.id, listeners={"c1": listener(nonce="1")}))
    script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c2", listener=listener(2))
    script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c1", listener=listener(5, attempt=1, nonce="2"))
    assert script.turn(chat.id, 1).listeners == {"c1": listener(5, attempt=1, nonce="2"), "c2": listener(2)}


@pytest.mark.parametrize("state", [TurnState.DONE, TurnState.STOPPED, TurnState.FAILED])
def test_an_ended_turn_is_told_and_not_changed(script: Script, state: TurnState) -> None:
    chat = ended(script, state)
    before = script.turn(chat.id, 1)
    assert before.state is state
    assert script.turns.request_stop(script.tenant_id, chat.id, 1) == before
    assert script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c", listener=listener()) == before
    assert script.turn(chat.id, 1) == before


def test_a_turn_that_is_not_there_can_neither_be_stopped_nor_listened_to(script: Script) -> None:
    chat = script.create()
    assert script.turns.request_stop(script.tenant_id, chat.id, 1) is None
    assert script.turns.listen(script.tenant_id, chat.id, 1, connection_id="c", listener=listener()) is None
    assert script.turns.turn(script.tenant_id, chat.id, 1) is None


# Tokens.


def test_tokens_read_back_in_order(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    batches = [TokenBatch(0, ("a", " ", "ü")), TokenBatch(3, ("d",)), TokenBatch(4, tuple("x" * 20))]
    for batch in batches:
        script.turns.put_tokens(claim, batch, expires_at=NOW + DAY)
    assert script.turns.tokens(script.tenant_id, chat.id, claim.turn, after_index=-1) == batches


def test_tokens_belong_to_their_turn_and_attempt(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    first = script.claim(chat.id)
    script.turns.put_tokens(first, TokenBatch(0, ("first",)), expires_at=NOW + DAY)
    second = script.claim(chat.id, now=first.lease.until + 1)
    assert script.turns.tokens(script.tenant_id, chat.id, second.turn, after_index=-1) == []
    script.turns.put_tokens(second, TokenBatch(0, ("second",)), expires_at=NOW + DAY)
    script.turns.put_tokens(first, TokenBatch(1, ("late",)), expires_at=NOW + DAY)
    assert script.turns.tokens(script.tenant_id, chat.id, second.turn, after_index=-1) == [TokenBatch(0, ("second",))]


def test_a_batch_written_again_stands_once(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    for _ in range(2):
        script.turns.put_tokens(claim, TokenBatch(0, ("a", "b")), expires_at=NOW + DAY)
    assert script.turns.tokens(script.tenant_id, chat.id, claim.turn, after_index=-1) == [TokenBatch(0, ("a", "b"))]


@given(sizes=st.lists(st.integers(1, 30), max_size=12), after_index=st.integers(-1, 200))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_batches_after_an_index_are_those_that_hold_a_later_token(
    script: Script, sizes: list[int], after_index: int
) -> None:
    chat = script.create()
    script.send(chat.id)
    claim = script.claim(chat.id)
    batches = [TokenBatch(sum(sizes[:place]), ("t",) * size) for place, size in enumerate(sizes)]
    for batch in batches:
        script.turns.put_tokens(claim, batch, expires_at=NOW + DAY)
    later = [batch for batch in batches if batch.first_index + len(batch.tokens) - 1 > after_index]
    assert script.turns.tokens(script.tenant_id, chat.id, claim.turn, after_index=after_index) == later


# History.


def numbers(script: Script, conversation_id: str, *, below: int, limit: int) -> list[int]:
    found = script.turns.history(script.tenant_id, conversation_id, below=below, limit=limit)
    return [message.number for message in found]


def test_history_is_the_newest_messages_below_a_number_oldest_first(script: Script) -> None:
    chat = script.create()
    for _ in range(3):
        script.send(chat.id)
        script.answer(chat.id)
    script.send(chat.id)
    assert numbers(script, chat.id, below=7, limit=100) == [1, 2, 3, 4, 5, 6]
    assert numbers(script, chat.id, below=7, limit=3) == [4, 5, 6]
    assert numbers(script, chat.id, below=4, limit=2) == [2, 3]
    assert numbers(script, chat.id, below=1, limit=5) == []
    assert numbers(script, "chat_none", below=9, limit=5) == []


def test_history_leaves_out_what_failed_until_a_retry_succeeds(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.fail(chat.id)
    script.send(chat.id)
    script.answer(chat.id)
    assert numbers(script, chat.id, below=5, limit=10) == [3, 4]
    script.retry(chat.id, 1)
    assert numbers(script, chat.id, below=5, limit=10) == [3, 4]
    script.answer(chat.id)
    assert numbers(script, chat.id, below=5, limit=10) == [1, 2, 3, 4]


def test_a_message_that_failed_takes_its_place_within_the_limit(script: Script) -> None:
    chat = script.create()
    script.send(chat.id)
    script.answer(chat.id)
    script.send(chat.id)
    script.fail(chat.id)
    assert numbers(script, chat.id, below=5, limit=2) == [2]


def test_history_is_whole_however_many_bytes_it_takes(script: Script) -> None:
    chat = script.create()
    for _ in range(6):
        script.send(chat.id, "x" * 100_000)
        claim = script.claim(chat.id)
        script.finish(claim, replied(claim, "y" * 200_000))
    assert numbers(script, chat.id, below=13, limit=12) == list(range(1, 13))
