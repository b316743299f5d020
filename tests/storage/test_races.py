"""The races that the turn engine is built for, each forced at the storage port, over both implementations of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import TypedDict

import pytest

from parlance.agents.models.base import Cancellation, Completed, ModelError, ModelEvent, TextDelta
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, BegunTurn, TurnEngine
from parlance.conversations.log import Abandoned, Ended, TurnFailed
from parlance.conversations.model import Conversation, Listener, Message, TurnState
from parlance.conversations.port import ConversationStore, TurnStore
from parlance.conversations.service import Conversations, NewConversation
from parlance.conversations.sweeper import NotMarked, Sweeper, SweepLater, Swept
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Drained, Held, Idle, Worker
from parlance.errors import NotFoundError, UnavailableError
from parlance.ids import RandomIds
from parlance.storage.conversations import DynamoConversationStore
from parlance.storage.table import ContendedError, Table, UnansweredError
from parlance.storage.turns import DynamoTurnStore
from tests.fakes.clock import ManualClock
from tests.fakes.contents import MemoryContents
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedSweeps, QueuedWakeups, ScriptedResponder, echo
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore

pytestmark = pytest.mark.storage

_TIMING = Timing(tick=0.005)
_PAST_THE_LEASE = _TIMING.lease + 1

type Script = Callable[[str, Cancellation], Iterator[ModelEvent]]


class Common(TypedDict):
    clock: ManualClock
    ids: RandomIds
    timing: Timing


@dataclass
class Actor:
    """One process of the house: its calls of the stores can be made to fail without touching anybody else's."""

    world: "World"
    faults: Faults = field(default_factory=Faults)
    audience: ListeningAudience = field(default_factory=ListeningAudience)

    def __post_init__(self) -> None:
        world = self.world
        turns = self.faults.around(world.turns)
        common: Common = {"clock": world.clock, "ids": world.ids, "timing": _TIMING}
        self.engine = TurnEngine(turns, world.wakeups, **common)
        self.worker = Worker(turns, world.responder, self.audience, world.wakeups, **common)
        self.caller = Caller(self.engine, turns, world.responder, world.wakeups, **common)
        self.service = Conversations(self.faults.around(world.conversations), turns, world.sweeps, **common)

    def begin(self, content: str = "hello", key: str | None = None, chat: str | None = None) -> BegunTurn:
        return self.engine.begin(BeginTurn("acme", chat or self.world.chat, content, idempotency_key=key))

    def drain(self, turn_number: int | None = None) -> Drained:
        deadline = self.world.clock.monotonic() + 900
        return self.worker.drain("acme", self.world.chat, turn_number=turn_number, deadline=deadline)

    def drain_until_killed(self) -> None:
        with pytest.raises(KilledError):
            self.drain()


@dataclass
class World:
    """One conversation and everybody who works on it."""

    conversations: ConversationStore
    turns: TurnStore
    clock: ManualClock = field(default_factory=ManualClock)
    ids: RandomIds = field(default_factory=RandomIds)
    responder: ScriptedResponder = field(default_factory=ScriptedResponder)
    wakeups: QueuedWakeups = field(default_factory=QueuedWakeups)
    sweeps: QueuedSweeps = field(default_factory=QueuedSweeps)

    def __post_init__(self) -> None:
        new = NewConversation("acme", "alice", "default", "A chat", {})
        self.chat = Actor(self).service.create(new, idempotency_key=None).id

    def conversation(self) -> Conversation:
        found = self.conversations.get("acme", self.chat)
        assert found is not None
        return found

    def messages(self, chat: str | None = None) -> list[Message]:
        return self.turns.history("acme", chat or self.chat, below=10**6, limit=1000)

    def contents(self) -> list[str]:
        return [message.content for message in self.messages()]

    def sweep(self) -> Swept | SweepLater | NotMarked:
        sweeper = Sweeper(self.conversations, MemoryContents(), clock=self.clock)
        return sweeper.sweep("acme", self.chat, deadline=self.clock.monotonic() + 900)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        tables = MemoryTables()
        return World(MemoryConversationStore(tables), MemoryTurnStore(tables))
    table: Table = request.getfixturevalue("table")
    return World(DynamoConversationStore(table), DynamoTurnStore(table))


def answer(world: World) -> None:
    """Whatever happened, the line can be drained by somebody who is well, once every lease has run out."""
    world.clock.advance(_PAST_THE_LEASE)
    assert Actor(world).drain() == Idle()


# Finish against begin


@pytest.mark.parametrize("method", ["begin", "claim", "finish"])
def test_a_transaction_conflict_is_tried_again(world: World, method: str) -> None:
    actor = Actor(world)
    for nth in (1, 2, 3):
        actor.faults.fail_before(method, ContendedError("transaction conflict"), nth=nth)
    actor.begin()

    assert actor.drain() == Idle()

    assert world.contents() == ["hello", "re: hello"]
    assert world.responder.calls == ["hello"]
    assert actor.faults.pending == []


def test_a_message_that_comes_during_the_finish_is_drained_by_the_same_holder(world: World) -> None:
    actor, sender = Actor(world), Actor(world)
    actor.begin("first")
    actor.faults.call_before("finish", lambda: sender.begin("second"))

    assert actor.drain() == Idle()

    assert world.contents() == ["first", "re: first", "second", "re: second"]
    assert [message.number for message in world.messages()] == [1, 2, 3, 4]


def test_a_begin_that_never_stops_colliding_says_so_and_leaves_nothing(world: World) -> None:
    actor = Actor(world)
    for nth in range(1, 2000):
        actor.faults.fail_before("begin", ContendedError("transaction conflict"), nth=nth)

    with pytest.raises(UnavailableError):
        actor.begin()

    assert world.messages() == []


# A lost wake-up


def watch(actor: Actor, place: int = 0) -> Drained:
    """The watchdog of the begin in that place comes."""
    world = actor.world
    sent_at = world.wakeups.watching[place][2]
    return actor.worker.watched("acme", world.chat, sent_at=sent_at, deadline=world.clock.monotonic() + 900)


def test_the_watchdog_finds_a_turn_whose_wakeup_was_lost(world: World) -> None:
    actor = Actor(world)
    actor.begin()
    world.clock.advance(45)

    assert watch(actor) == Idle()

    assert world.contents() == ["hello", "re: hello"]


def test_the_watchdog_of_an_ended_turn_leaves_later_ones_to_theirs(world: World) -> None:
    actor = Actor(world)
    actor.begin()
    actor.drain()
    assert watch(actor) == Idle()
    world.clock.advance(40)
    actor.begin("later")

    assert watch(actor) == Idle()
    assert world.responder.calls == ["hello"]

    assert watch(actor, place=1) == Idle()
    assert world.responder.calls == ["hello", "later"]


def test_the_watchdog_of_a_failed_turn_sent_again_finds_it(world: World) -> None:
    actor = Actor(world)
    actor.begin("again", key="key")
    world.responder.script = _broken
    actor.drain()
    world.responder.script = echo
    world.clock.advance(100)
    actor.begin("again", key="key")

    assert watch(actor, place=1) == Idle()

    assert world.contents() == ["again", "re: again"]


def test_the_watchdog_of_a_turn_that_is_being_run_is_told_how_long(world: World) -> None:
    victim = Actor(world)
    victim.begin()
    victim.faults.call_before("finish", _raise_killed)
    victim.drain_until_killed()

    assert watch(Actor(world)) == Held(world.clock.now() + _TIMING.lease_ms)


def test_the_next_message_runs_the_turn_whose_wakeup_was_lost_first(world: World) -> None:
    actor = Actor(world)
    actor.begin("lost")
    second = actor.begin("next")

    assert actor.drain(second.turn.number) == Idle()

    assert world.contents() == ["lost", "re: lost", "next", "re: next"]


def test_a_wakeup_delivered_twice_calls_no_model_again(world: World) -> None:
    begun = Actor(world).begin()

    assert [Actor(world).drain(begun.turn.number) for _ in range(3)] == [Idle()] * 3

    assert world.responder.calls == ["hello"]


# A worker killed between any two steps


def steps_of_a_drain(world: World) -> int:
    actor = Actor(world)
    actor.begin("warm-up")
    actor.drain()
    return actor.faults.all_calls


@pytest.mark.parametrize("answer_lost", [False, True], ids=["before the call", "before its answer"])
def test_a_worker_killed_at_any_step_is_replaced(world: World, answer_lost: bool) -> None:
    steps = steps_of_a_drain(world)
    killed = 0
    for step in range(steps):
        victim, calls = Actor(world), len(world.responder.calls)
        Actor(world).begin(f"message {step}")
        victim.faults.kill(after_calls=step, answer_lost=answer_lost)
        try:
            victim.drain()
        except KilledError:
            killed += 1

        answer(world)

        assert world.contents()[-2:] == [f"message {step}", f"re: message {step}"]
        assert len(world.responder.calls) - calls <= 2
    assert killed >= steps - 3
    assert [message.number for message in world.messages()] == list(range(1, 2 * steps + 3))
    assert world.conversation().lease is None


def test_until_the_lease_of_a_killed_worker_runs_out_others_are_told_how_long(world: World) -> None:
    victim = Actor(world)
    victim.begin()
    victim.faults.fail_before("finish", AssertionError("unused"), nth=99)
    victim.faults.call_before("finish", lambda: victim.faults.kill(after_calls=0))
    victim.faults.call_before("finish", _raise_killed)
    victim.drain_until_killed()

    held = Actor(world).drain()

    assert held == Held(world.clock.now() + _TIMING.lease_ms)
    world.clock.advance(_PAST_THE_LEASE)
    heir = Actor(world)
    assert heir.drain() == Idle()
    assert heir.audience.heard[0].claim.turn.attempt == 2
    assert world.contents() == ["hello", "re: hello"]


def _raise_killed() -> None:
    raise KilledError


def test_a_resume_wakes_a_worker_for_a_turn_whose_holder_is_gone(world: World) -> None:
    actor = Actor(world)
    begun = actor.begin()

    heard = actor.engine.listen("acme", world.chat, begun.turn, "connection=", Listener(3, 1, "n"))

    assert heard.state is TurnState.RECEIVED
    assert world.wakeups.woken == [("acme", world.chat, 1)]
    assert actor.drain(1) == Idle()
    assert actor.audience.heard[0].turns[-1].listeners["connection="] == Listener(3, 1, "n")


def test_a_turn_that_kills_every_worker_fails_after_its_last_attempt(world: World) -> None:
    Actor(world).begin("poison")
    for _ in range(_TIMING.attempts_max):
        victim = Actor(world)
        victim.faults.call_before("finish", _raise_killed)
        victim.drain_until_killed()
        world.clock.advance(_PAST_THE_LEASE)

    actor = Actor(world)
    assert actor.drain() == Idle()

    assert isinstance(actor.audience.heard[0].end, TurnFailed)
    assert len(world.responder.calls) == _TIMING.attempts_max
    assert world.conversation().has_work is False


def test_a_failed_turn_that_is_sent_again_has_all_its_attempts_before_it(world: World) -> None:
    actor = Actor(world)
    world.responder.script = _broken
    for _ in range(_TIMING.attempts_max + 2):
        actor.begin("again", key="key")
        actor.drain()
    world.responder.script = echo

    actor.begin("again", key="key")
    assert actor.drain() == Idle()

    assert world.contents() == ["again", "re: again"]
    assert len(world.responder.calls) == _TIMING.attempts_max + 3


# A holder that lost its lease and still speaks


def test_a_holder_that_lost_its_lease_is_not_heard_any_more(world: World) -> None:
    sleeper, heir, inherited = Actor(world), Actor(world), Event()
    sleeper.begin()
    sleeper.faults.fail_before("renew", UnansweredError("read timed out"))
    sleeper.faults.call_before("work", lambda: inherited.wait(10), nth=2)

    def oversleep(content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("old words")
        world.responder.script = echo
        world.clock.advance(_PAST_THE_LEASE)
        assert heir.drain() == Idle()
        yield TextDelta("late words")
        inherited.set()

    world.responder.script = oversleep
    sleeper.drain()
    assert inherited.wait(10)

    assert world.contents() == ["hello", "re: hello"]
    assert isinstance(sleeper.audience.heard[0].end, Abandoned)
    assert "late" not in sleeper.audience.heard[0].text
    assert isinstance(heir.audience.heard[0].end, Ended)
    assert len(world.responder.calls) == 2


def test_a_holder_whose_lease_was_taken_over_at_its_finish_keeps_nothing(world: World) -> None:
    late, heir = Actor(world), Actor(world)
    late.begin()

    def lose() -> None:
        world.responder.script = lambda _content, _cancellation: iter([TextDelta("heir"), Completed(1, 1)])
        world.clock.advance(_PAST_THE_LEASE)
        heir.drain()

    late.faults.fail_before("renew", UnansweredError("read timed out"))
    late.faults.call_before("finish", lose)
    assert late.drain() == Idle()

    assert world.contents() == ["hello", "heir"]
    assert isinstance(late.audience.heard[0].end, Abandoned)


# A delete during a reply


def test_a_delete_during_a_reply_leaves_nothing_once_the_lease_is_waited_out(world: World) -> None:
    actor = Actor(world)
    actor.begin("kept", key="key")
    actor.drain()
    actor.begin("doomed")

    def deleted_meanwhile(content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
        yield TextDelta("half a reply")
        Actor(world).service.delete("acme", world.chat)
        yield TextDelta(", and the rest")
        yield Completed(1, 1)

    world.responder.script = deleted_meanwhile
    assert actor.drain() == Idle()

    assert isinstance(actor.audience.heard[-1].end, Abandoned)
    assert world.conversations.get("acme", world.chat) is None
    with pytest.raises(NotFoundError):
        Actor(world).begin()
    waiting = world.sweep()
    assert isinstance(waiting, SweepLater)
    assert waiting.delay_seconds > _TIMING.lease
    world.clock.advance(waiting.delay_seconds)
    assert world.sweep() == Swept()
    assert world.conversations.deleted("acme", world.chat) is None
    assert world.messages() == []
    assert world.turns.turn("acme", world.chat, 1) is None
    assert world.sweep() == Swept()


def test_a_sweep_that_overtakes_its_delete_does_nothing(world: World) -> None:
    Actor(world).begin()

    assert world.sweep() == NotMarked()

    assert len(world.messages()) == 1


# A stop during a takeover


def test_a_stop_while_nobody_holds_the_turn_ends_it_without_another_model_call(world: World) -> None:
    victim = Actor(world)
    begun = victim.begin()
    victim.faults.call_before("finish", _raise_killed)
    victim.drain_until_killed()
    Actor(world).engine.stop("acme", world.chat, begun.turn)

    answer(world)

    turn = world.turns.turn("acme", world.chat, 1)
    assert turn is not None
    assert turn.state is TurnState.STOPPED
    assert len(world.responder.calls) == 1


def test_a_stop_just_before_the_claim_is_seen_at_the_first_beat(world: World) -> None:
    actor = Actor(world)
    begun = actor.begin()
    actor.faults.call_before("claim", lambda: Actor(world).engine.stop("acme", world.chat, begun.turn))

    def endless(content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
        while not cancellation.wait(0.01):
            yield TextDelta("and ")
            world.clock.advance(0.1)

    world.responder.script = endless
    assert actor.drain() == Idle()

    ended = actor.audience.heard[0].end
    assert isinstance(ended, Ended)
    assert ended.stopped
    assert ended.reply.metadata["stopped"] is True
    assert world.contents()[1] == ended.reply.content == actor.audience.heard[0].text


# The first message of a session, sent twice at once


def session(world: World, key: str) -> BeginTurn:
    now = world.clock.now()
    name = f"session_{world.chat}"
    creates = Conversation("acme", name, f"visitor_{world.chat}", "default", "A session", now, now)
    return BeginTurn("acme", name, "hi", idempotency_key=key, creates=creates)


def test_two_first_messages_of_a_session_make_one_conversation(world: World) -> None:
    first, second = Actor(world), Actor(world)
    first.faults.call_before("begin", lambda: second.engine.begin(session(world, "b")))

    begun = first.engine.begin(session(world, "a"))

    assert begun.turn.number == 3
    name = f"session_{world.chat}"
    assert [message.number for message in world.messages(name)] == [1, 3]
    page = world.conversations.user_chats("acme", f"visitor_{world.chat}", offset=0, limit=10, order="asc")
    assert (page.total, [chat.id for chat in page.chats]) == (1, [name])


def test_the_same_first_message_sent_twice_at_once_is_one_turn(world: World) -> None:
    first, second = Actor(world), Actor(world)
    earlier: list[BegunTurn] = []
    first.faults.call_before("begin", lambda: earlier.append(second.engine.begin(session(world, "same"))))

    begun = first.engine.begin(session(world, "same"))

    assert begun.repeated
    assert begun.turn == earlier[0].turn
    assert len(world.messages(f"session_{world.chat}")) == 1


# A time-out after a commit


@pytest.mark.parametrize("method", ["begin", "claim", "finish"])
def test_a_timeout_after_a_commit_does_nothing_twice(world: World, method: str) -> None:
    actor = Actor(world)
    actor.faults.fail_after(method, UnansweredError("read timed out"))
    actor.begin("once", key="key")

    assert actor.drain() == Idle()

    assert actor.faults.pending == []
    assert world.contents() == ["once", "re: once"]
    assert world.responder.calls == ["once"]
    assert world.conversation().message_count == 2


def test_a_creation_that_timed_out_after_its_commit_is_one_chat(world: World) -> None:
    actor = Actor(world)
    actor.faults.fail_after("create", UnansweredError("read timed out"))
    user = f"bob_{world.chat}"
    new = NewConversation("acme", user, "default", "A chat", {})

    created = actor.service.create(new, idempotency_key=f"key_{world.chat}")

    page = world.conversations.user_chats("acme", user, offset=0, limit=10, order="asc")
    assert [chat.id for chat in page.chats] == [created.id]


def test_a_delete_that_timed_out_after_its_commit_is_answered_as_done(world: World) -> None:
    actor = Actor(world)
    actor.faults.fail_after("mark_deleted", UnansweredError("read timed out"))

    actor.service.delete("acme", world.chat)

    assert world.conversations.get("acme", world.chat) is None


def test_a_retry_that_timed_out_after_its_commit_is_one_retry(world: World) -> None:
    actor = Actor(world)
    actor.begin("again", key="key")
    world.responder.script = _broken
    actor.drain()
    world.responder.script = echo
    actor.faults.fail_after("retry", UnansweredError("read timed out"))

    repeated = actor.begin("again", key="key")

    assert repeated.repeated
    assert repeated.turn.state is TurnState.RECEIVED
    assert world.conversation().retries == (1,)
    assert actor.drain() == Idle()
    assert world.contents() == ["again", "re: again"]


def _broken(content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
    yield TextDelta("half an ")
    raise ModelError("connection reset")


# The caller that waits for its reply


def test_a_caller_behind_others_follows_whoever_runs_its_turn(world: World) -> None:
    other, caller = Actor(world), Actor(world)
    other.begin("first")

    running = caller.caller.send(BeginTurn("acme", world.chat, "second"), deadline=world.clock.monotonic() + 900)
    assert running.runner is None
    assert other.drain() == Idle()
    events = list(running.events)

    assert isinstance(events[-1], Ended)
    assert events[-1].reply.content == "re: second"


def test_a_caller_wakes_a_worker_for_those_who_queued_behind_it(world: World) -> None:
    caller, sender = Actor(world), Actor(world)
    caller.faults.call_before("finish", lambda: sender.begin("second"))

    running = caller.caller.send(BeginTurn("acme", world.chat, "first"), deadline=world.clock.monotonic() + 900)
    list(running.events)
    running.join(10)

    assert world.wakeups.woken == [("acme", world.chat, 3)]
    assert Actor(world).drain(3) == Idle()
    assert world.contents() == ["first", "re: first", "second", "re: second"]


def test_only_a_turn_at_the_head_of_the_line_is_named_in_its_wakeup(world: World) -> None:
    actor = Actor(world)
    command = BeginTurn("acme", world.chat, "hello")

    first, second = actor.engine.begin(command), actor.engine.begin(command)
    actor.engine.wake(command, first)
    actor.engine.wake(command, second)

    assert world.wakeups.woken == [("acme", world.chat, 1), ("acme", world.chat, None)]


def test_a_holder_keeps_its_lease_while_others_wait_in_line(world: World) -> None:
    holder, seen = Actor(world), list[Drained]()
    for content in ("first", "second", "third"):
        holder.begin(content)
    for nth in (1, 2):
        holder.faults.call_after("finish", lambda: seen.append(Actor(world).drain()), nth=nth)

    assert holder.drain() == Idle()

    assert seen == [Held(world.clock.now() + _TIMING.lease_ms)] * 2
    assert len({heard.claim.lease.owner for heard in holder.audience.heard}) == 1
    assert world.conversation().lease is None
    assert world.contents()[1::2] == ["re: first", "re: second", "re: third"]


def test_a_lease_kept_by_a_holder_that_was_then_killed_runs_out(world: World) -> None:
    victim = Actor(world)
    victim.begin("first")
    victim.begin("second")
    victim.faults.call_after("finish", _raise_killed)
    victim.drain_until_killed()
    assert isinstance(Actor(world).drain(), Held)

    answer(world)

    assert world.contents() == ["first", "re: first", "second", "re: second"]
    assert world.responder.calls == ["first", "second"]
