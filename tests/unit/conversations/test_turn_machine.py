"""The turn engine against a plain list of messages, through whatever senders, workers, callers and accidents do.

The stores are in memory, time stands still unless a rule moves it, and every process has its own faults. The model
below knows nothing of leases or attempts: it says which messages there are and how each of their turns may end.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parlance.agents.calls import ReplyEvent
from parlance.agents.context import TurnContext
from parlance.agents.metering import Meter
from parlance.agents.models.base import Cancellation, ChatMessage, Completed, ModelError, ModelEvent, TextDelta
from parlance.agents.models.base import ModelTimeoutError as ModelTimeout
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn, BegunTurn, TurnEngine
from parlance.conversations.log import Ended, Started, Token, TurnFailed
from parlance.conversations.model import Conversation, Listener, Message, Turn, TurnState
from parlance.conversations.service import Conversations, NewConversation
from parlance.conversations.sweeper import Sweeper, SweepLater, Swept
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Drained, Held, Idle, Worker
from parlance.errors import ConflictError, NotFoundError
from parlance.storage.table import ContendedError, UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.contents import MemoryContents
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedSweeps, QueuedWakeups, ScriptedResponder
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore

TENANT = "tenant"
TIMING = Timing(tick=0.005, history_max=1000)
PATIENCE = 5.0

# What the model does when it is called, and how the turn must end if that attempt is the one that counts.
ENDS = {
    "answer": TurnState.DONE,
    "be interrupted": TurnState.DONE,
    "be stopped": TurnState.STOPPED,
    "fail": TurnState.FAILED,
    "time out": TurnState.FAILED,
    "break": TurnState.FAILED,
    "say nothing": TurnState.FAILED,
}
ERRORS = {"fail": ModelError("no"), "time out": ModelTimeout("slow"), "break": RuntimeError("a fault in a model")}
TRANSIENT = ("contended", "unanswered", "answer lost")

acts = st.lists(st.sampled_from(sorted(ENDS)), max_size=4)
acts_without_beats = st.lists(st.sampled_from(sorted(ENDS.keys() - {"be stopped"})), max_size=4)
indexes = st.integers(0, 99)


@dataclass
class Sent:
    """A message that was acknowledged, and what may become of its turn."""

    content: str
    number: int
    key: str | None
    listeners: set[str]
    state: TurnState = TurnState.RECEIVED
    stop: bool = False
    retried: bool = False
    ended: Turn | None = None

    @property
    def waits(self) -> bool:
        return not self.state.ended


@dataclass
class Actor:
    """One process: a request's or a worker's. What fails for it fails for nobody else."""

    machine: "TurnMachine"
    faults: Faults = field(default_factory=Faults)
    audience: ListeningAudience = field(default_factory=ListeningAudience)

    def __post_init__(self) -> None:
        machine = self.machine
        clock, ids = machine.clock, machine.ids
        turns = self.faults.around(machine.turns)
        self.engine = TurnEngine(turns, machine.wakeups, clock=clock, ids=ids, timing=TIMING)
        self.worker = Worker(
            turns, machine.responder, self.audience, machine.wakeups, clock=clock, ids=ids, timing=TIMING
        )
        self.caller = Caller(
            self.engine, turns, machine.responder, machine.wakeups, clock=clock, ids=ids, timing=TIMING
        )
        self.service = Conversations(
            self.faults.around(machine.conversations), turns, machine.sweeps, clock=clock, ids=ids, timing=TIMING
        )

    def plan(self, method: str, fault: str, nth: int = 1) -> None:
        match fault:
            case "contended":
                self.faults.fail_before(method, ContendedError("injected"), nth=nth)
            case "unanswered":
                self.faults.fail_before(method, UnansweredError("injected"), nth=nth)
            case "answer lost":
                self.faults.fail_after(method, UnansweredError("injected"), nth=nth)

    def drain(self, hint: int | None = None) -> Drained:
        deadline = self.machine.clock.monotonic() + 10_000
        return self.worker.drain(TENANT, self.machine.chat, turn_number=hint, deadline=deadline)


class TurnMachine(RuleBasedStateMachine):
    """One conversation at a time; after its deletion the next."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = MemoryTables()
        self.conversations = MemoryConversationStore(self.tables)
        self.turns = MemoryTurnStore(self.tables)
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.wakeups = QueuedWakeups()
        self.sweeps = QueuedSweeps()
        self.responder = HistoryKeepingResponder(self)
        self.acts: deque[str] = deque()
        self.decided: dict[str, str] = {}
        self.count = 0
        self.open_chat()

    def open_chat(self) -> None:
        new = NewConversation(TENANT, "ann", "agent", "A chat", {})
        self.chat = Actor(self).service.create(new, idempotency_key=None).id
        self.sent: list[Sent] = []
        self.drained = 0

    # Reading.

    def conversation(self) -> Conversation:
        found = self.conversations.get(TENANT, self.chat)
        assert found is not None
        return found

    def stored(self, sent: Sent) -> Turn:
        found = self.turns.turn(TENANT, self.chat, sent.number)
        assert found is not None
        return found

    def transcript(self) -> list[Message]:
        return self.conversations.messages(TENANT, self.chat, first=1, last=10**6, order="asc")

    def is_held(self) -> bool:
        return self.conversation().lease_held(self.clock.now())

    def is_free(self) -> bool:
        return not self.is_held()

    def has_free_work(self) -> bool:
        return self.is_free() and self.conversation().has_work

    def is_idle(self) -> bool:
        return self.is_free() and not self.conversation().has_work

    def has_sent(self) -> bool:
        return bool(self.sent)

    # Acting.

    def next_content(self) -> str:
        self.count += 1
        return f"message {self.count}"

    def command(self, content: str, key: str | None = None, connection_id: str | None = None) -> BeginTurn:
        return BeginTurn(TENANT, self.chat, content, idempotency_key=key, connection_id=connection_id)

    def acknowledged(self, begun: BegunTurn, command: BeginTurn) -> Sent:
        listeners = {command.connection_id} if command.connection_id else set[str]()
        sent = Sent(command.content, begun.turn.number, command.idempotency_key, listeners)
        self.sent.append(sent)
        return sent

    def send_plainly(self) -> None:
        command = self.command(self.next_content())
        self.acknowledged(Actor(self).engine.begin(command), command)

    def perform(self, content: str, cancellation: Cancellation) -> Iterator[ModelEvent]:
        """The model's part, on the reader's thread of whoever runs the turn."""
        act = self.acts.popleft() if self.acts else "answer"
        self.decided[content] = act
        if act in ERRORS:
            yield TextDelta("some of it")
            raise ERRORS[act]
        if act == "be stopped":
            yield TextDelta("partial")
            sent = next(one for one in self.sent if one.content == content)
            Actor(self).engine.stop(TENANT, self.chat, self.stored(sent))
            sent.stop = True
            self.clock.advance(1)  # to the next beat
            assert cancellation.wait(PATIENCE)
            return
        if act == "be interrupted":
            self.send_plainly()
        if act != "say nothing":
            yield TextDelta("re: ")
            yield TextDelta(content)
        yield Completed(1, 1)

    def settle(self, *, all_ended: bool) -> None:
        """Take over how turns have ended, if they were allowed to."""
        assert not (all_ended and any(self.stored(sent).state.ended is False for sent in self.sent))
        for sent in self.sent:
            stored = self.stored(sent)
            if sent.waits and stored.state.ended:
                assert stored.state is self.expected_end(sent, stored)
                sent.state, sent.ended = stored.state, stored
        fresh = [sent.waits for sent in self.sent if not sent.retried]
        assert fresh == sorted(fresh), "turns end in the order in which they were begun"
        if all_ended:
            conversation = self.conversation()
            assert not conversation.has_work
            assert conversation.lease is None

    def expected_end(self, sent: Sent, stored: Turn) -> TurnState:
        if sent.stop:
            return TurnState.STOPPED
        if stored.attempt - stored.tried > TIMING.attempts_max:
            return TurnState.FAILED
        return ENDS[self.decided[sent.content]]

    def expected_history(self, content: str) -> list[ChatMessage]:
        """What the model may be told before that message: the earlier turns that have replies."""
        history: list[ChatMessage] = []
        for sent in self.sent:
            if sent.content == content:
                break
            reply = self.turns.message(TENANT, self.chat, sent.number + 1)
            if reply is not None:
                history.append(ChatMessage("user", sent.content))
            if reply is not None and reply.content:
                history.append(ChatMessage("assistant", reply.content))
        return history

    # Senders.

    @rule(
        keyed=st.booleans(),
        listening=st.booleans(),
        fault=st.sampled_from([None, "overtaken", *TRANSIENT]),
    )
    def send(self, keyed: bool, listening: bool, fault: str | None) -> None:
        actor, content = Actor(self), self.next_content()
        command = self.command(content, content if keyed else None, f"connection of {content}" if listening else None)
        if fault == "overtaken":
            actor.faults.call_before("begin", self.send_plainly)
        elif fault:
            actor.plan("begin", fault)
        begun = actor.engine.begin(command)
        assert actor.faults.pending == []
        assert (begun.repeated, begun.claim, begun.message.content) == (False, None, content)
        assert begun.turn.number == 2 * len(self.sent) + 1
        self.acknowledged(begun, command)

    @rule(after_calls=st.integers(0, 1), answer_lost=st.booleans())
    def send_again_after_the_first_answer_never_came(self, after_calls: int, answer_lost: bool) -> None:
        content = self.next_content()
        command = self.command(content, key=content)
        dying = Actor(self)
        dying.faults.kill(after_calls=after_calls, answer_lost=answer_lost)
        with pytest.raises(KilledError):
            dying.engine.begin(command)
        begun = Actor(self).engine.begin(command)
        assert begun.repeated is (after_calls == 1 and answer_lost)
        self.acknowledged(begun, command)

    @precondition(has_sent)
    @rule(index=indexes, fault=st.sampled_from([None, *TRANSIENT]))
    def repeat(self, index: int, fault: str | None) -> None:
        """A live turn is found again, an ended one too; a failed one gets back in line."""
        sent = self.sent[index % len(self.sent)]
        if sent.key is None:
            return
        actor = Actor(self)
        if fault:
            actor.plan("retry", fault)
        before = self.stored(sent)
        begun = actor.engine.begin(self.command(sent.content, sent.key))
        assert (begun.repeated, begun.turn.number, begun.message.content) == (True, sent.number, sent.content)
        if sent.state is TurnState.FAILED:
            sent.state, sent.stop, sent.retried, sent.ended = TurnState.RECEIVED, False, True, None
            assert begun.turn.state is TurnState.RECEIVED
            assert self.conversation().retries[-1] == sent.number
        else:
            assert begun.turn == self.stored(sent) == before

    @precondition(has_sent)
    @rule(index=indexes)
    def use_a_key_for_another_message(self, index: int) -> None:
        sent = self.sent[index % len(self.sent)]
        if sent.key is not None:
            with pytest.raises(ConflictError):
                Actor(self).engine.begin(self.command("another message", sent.key))

    @precondition(has_sent)
    @rule(index=indexes)
    def stop(self, index: int) -> None:
        sent = self.sent[index % len(self.sent)]
        stopped = Actor(self).engine.stop(TENANT, self.chat, self.stored(sent))
        if sent.waits:
            sent.stop = True
            assert stopped.stop_requested
        else:
            assert stopped == sent.ended

    @precondition(has_sent)
    @rule(index=indexes, connection=st.sampled_from(["c1", "c2"]), after_index=st.integers(-1, 3))
    def resume(self, index: int, connection: str, after_index: int) -> None:
        sent = self.sent[index % len(self.sent)]
        wish = Listener(after_index, None, self.ids.random())
        heard = Actor(self).engine.listen(TENANT, self.chat, self.stored(sent), connection, wish)
        if sent.waits:
            sent.listeners.add(connection)
            assert heard.listeners[connection] == wish
        else:
            assert heard == sent.ended

    # Whoever runs turns.

    @rule(
        acts=acts,
        hint=st.none() | st.integers(1, 12),
        method=st.sampled_from(["claim", "finish"]),
        fault=st.sampled_from([None, *TRANSIENT]),
        nth=st.integers(1, 3),
    )
    def work(self, acts: list[str], hint: int | None, method: str, fault: str | None, nth: int) -> None:
        actor, held = Actor(self), self.is_held()
        if fault:
            actor.plan(method, fault, nth)
        self.acts = deque(acts)
        calls = len(self.responder.calls)
        drained = actor.drain(hint)
        if held:
            assert isinstance(drained, Held)
            assert len(self.responder.calls) == calls
            return
        assert drained == Idle()
        self.settle(all_ended=True)
        self.check_what_was_told(actor)

    @precondition(has_free_work)
    @rule(
        acts=acts_without_beats,
        method=st.sampled_from(["finish", "claim", "work", "history", "turn"]),
        nth=st.integers(1, 3),
        answer_lost=st.booleans(),
    )
    def be_killed_at_work(self, acts: list[str], method: str, nth: int, answer_lost: bool) -> None:
        actor = Actor(self)
        actor.faults.kill_at(method, nth=nth, answer_lost=answer_lost)
        self.acts = deque(acts)
        try:
            actor.drain()
        except KilledError:
            self.settle(all_ended=False)
        else:
            self.settle(all_ended=True)
        self.check_what_was_told(actor)

    @precondition(is_free)
    @rule(acts=acts_without_beats)
    def be_overtaken_at_the_finish(self, acts: list[str]) -> None:
        slow, quick = Actor(self), Actor(self)

        def overtake() -> None:
            self.clock.advance(TIMING.lease + 1)
            assert quick.drain() == Idle()

        slow.faults.call_before("finish", overtake)
        self.acts = deque(acts)
        assert slow.drain() == Idle()
        assert all(not isinstance(heard.end, Ended | TurnFailed) for heard in slow.audience.heard)
        self.settle(all_ended=True)
        self.check_what_was_told(quick)

    @precondition(is_idle)
    @rule(acts=acts, fault=st.sampled_from([None, *TRANSIENT]), method=st.sampled_from(["begin", "finish"]))
    def send_and_wait_for_the_reply(self, acts: list[str], fault: str | None, method: str) -> None:
        actor, command = Actor(self), self.command(self.next_content())
        if fault:
            actor.plan(method, fault)
        self.acts = deque(acts)
        # A message may come in while this one is answered: it must find this one acknowledged.
        number = 2 * len(self.sent) + 1
        sent = Sent(command.content, number, None, set())
        self.sent.append(sent)
        running = actor.caller.send(command, deadline=self.clock.monotonic() + 1000)
        assert running.begun.claim is not None
        events = list(running.events)
        running.join(PATIENCE)
        assert running.begun.turn.number == number
        assert isinstance(events[0], Started)
        assert all(isinstance(event, Token) for event in events[1:-1])
        self.settle(all_ended=False)
        assert sent.ended is not None
        match events[-1]:
            case Ended(turn, reply, stopped):
                assert turn.id == sent.ended.id
                assert reply == self.turns.message(TENANT, self.chat, number + 1)
                assert stopped is (sent.state is TurnState.STOPPED)
                assert "".join(event.text for event in events if isinstance(event, Token)) == reply.content
            case TurnFailed(turn, failure):
                assert (turn.state, failure) == (sent.state, sent.ended.failure)
            case other:
                pytest.fail(f"ended with {other}")
        woken = {number for _, _, number in self.wakeups.woken}
        assert all(other.number in woken for other in self.sent if other.waits)

    def check_what_was_told(self, actor: Actor) -> None:
        """What listeners hear is what is stored, and whoever asked to hear a turn before its end is among them."""
        for heard in actor.audience.heard:
            number = heard.claim.turn.number
            sent = next(one for one in self.sent if one.number == number)
            if isinstance(heard.end, Ended):
                assert heard.end.reply == self.turns.message(TENANT, self.chat, number + 1)
                assert heard.text == heard.end.reply.content
            if isinstance(heard.end, Ended | TurnFailed) and not self.killed(actor):
                assert heard.turns[-1].listeners.keys() == sent.listeners

    def killed(self, actor: Actor) -> bool:
        try:
            actor.faults.around(self.turns).turn(TENANT, self.chat, 1)
        except KilledError:
            return True
        return False

    # Time and the end.

    @rule(seconds=st.sampled_from([1, 15, TIMING.lease, TIMING.lease + 1]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def delete(self) -> None:
        Actor(self).service.delete(TENANT, self.chat)
        self.check_that_it_is_gone()

    @precondition(is_free)
    @rule(acts=acts_without_beats)
    def be_deleted_while_answering(self, acts: list[str]) -> None:
        actor = Actor(self)
        waited = any(sent.waits for sent in self.sent)
        actor.faults.call_before("finish", lambda: Actor(self).service.delete(TENANT, self.chat))
        self.acts = deque(acts)
        assert actor.drain() == Idle()
        if waited:
            assert all(not isinstance(heard.end, Ended | TurnFailed) for heard in actor.audience.heard)
            self.check_that_it_is_gone()

    def check_that_it_is_gone(self) -> None:
        actor, calls = Actor(self), len(self.responder.calls)
        with pytest.raises(NotFoundError):
            actor.engine.begin(self.command("too late"))
        with pytest.raises(NotFoundError):
            actor.service.get(TENANT, self.chat)
        assert actor.drain() == Idle()
        assert len(self.responder.calls) == calls
        assert self.sweeps.asked[-1][1] == self.chat
        self.sweep()
        assert (TENANT, self.chat) not in self.tables.conversations
        self.open_chat()

    def sweep(self) -> None:
        sweeper = Sweeper(self.conversations, MemoryContents(), clock=self.clock)
        for _ in range(3):
            match sweeper.sweep(TENANT, self.chat, deadline=self.clock.monotonic() + 100):
                case Swept():
                    return
                case SweepLater(delay):
                    self.clock.advance(delay)
                case other:
                    pytest.fail(f"swept: {other}")
        pytest.fail("never swept")

    # What always holds.

    @invariant()
    def messages_and_replies_stand_in_the_order_of_sending_each_once(self) -> None:
        expected: list[tuple[int, str, str]] = []
        for place, sent in enumerate(self.sent):
            assert sent.number == 2 * place + 1
            expected.append((sent.number, "user", sent.content))
            if sent.state is TurnState.DONE:
                expected.append((sent.number + 1, "assistant", f"re: {sent.content}"))
            elif sent.state is TurnState.STOPPED:
                reply = self.turns.message(TENANT, self.chat, sent.number + 1)
                assert reply is not None
                assert reply.content in {"", "partial"}
                expected.append((sent.number + 1, "assistant", reply.content))
        transcript = self.transcript()
        assert [(message.number, message.role, message.content) for message in transcript] == expected
        assert len({message.id for message in transcript}) == len(transcript)

    @invariant()
    def every_id_is_the_one_that_the_turn_names(self) -> None:
        for message in self.transcript():
            turn = self.turns.turn(TENANT, self.chat, message.number - (message.role == "assistant"))
            assert turn is not None
            assert message.id == (turn.message_id if message.role == "user" else turn.reply_id)
            assert message.turn_id == turn.id

    @invariant()
    def the_conversation_counts_what_there_is(self) -> None:
        conversation, transcript = self.conversation(), self.transcript()
        assert conversation.message_count == len(transcript)
        assert conversation.last_number == 2 * len(self.sent)
        assert conversation.newest_message == (transcript[-1].number if transcript else 0)
        assert conversation.has_work is any(sent.waits for sent in self.sent)

    @invariant()
    def an_ended_turn_never_changes(self) -> None:
        for sent in self.sent:
            assert self.stored(sent).state.ended is not sent.waits
            if sent.ended:
                assert self.stored(sent) == sent.ended

    @invariant()
    def a_message_is_marked_failed_while_its_turn_has_failed_or_waits_to_be_retried(self) -> None:
        for sent in self.sent:
            message = self.turns.message(TENANT, self.chat, sent.number)
            assert message is not None
            assert message.failed is (sent.state is TurnState.FAILED or (sent.waits and sent.retried))
            assert (self.stored(sent).failure is not None) is (sent.state is TurnState.FAILED)

    @invariant()
    def the_line_never_runs_backwards(self) -> None:
        drained = self.conversation().drained
        assert self.drained <= drained <= self.conversation().last_turn
        self.drained = drained

    @invariant()
    def a_model_is_called_at_most_once_for_each_attempt(self) -> None:
        calls = Counter(self.responder.calls)
        for sent in self.sent:
            assert calls[sent.content] <= self.stored(sent).attempt

    @invariant()
    def a_model_is_told_exactly_the_turns_that_have_replies(self) -> None:
        assert self.responder.surprises == []


class HistoryKeepingResponder(ScriptedResponder):
    """Compares the history of every call with what the model of the test expects just then."""

    def __init__(self, machine: TurnMachine) -> None:
        super().__init__(machine.perform)
        self._machine = machine
        self.surprises: list[tuple[Sequence[ChatMessage], Sequence[ChatMessage]]] = []

    def respond(
        self,
        *,
        tenant_id: str,
        agent_id: str,
        history: Sequence[ChatMessage],
        content: str,
        cancellation: Cancellation,
        context: TurnContext,
        meter: Meter,
    ) -> Iterator[ReplyEvent]:
        expected = self._machine.expected_history(content)
        if list(history) != expected:
            self.surprises.append((history, expected))
        return super().respond(
            tenant_id=tenant_id,
            agent_id=agent_id,
            history=history,
            content=content,
            cancellation=cancellation,
            context=context,
            meter=meter,
        )


TurnMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_turns = TurnMachine.TestCase
