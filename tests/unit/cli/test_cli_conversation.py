"""The loop around the session: reconnecting, giving up, and what is shown meanwhile."""

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from parlance_cli.chat.connection import Connection, LostError
from parlance_cli.chat.conversation import GIVE_UP_AFTER, Conversation
from parlance_cli.chat.session import Failed, Finished
from parlance_cli.errors import CliError
from tests.fakes.clock import ManualClock
from tests.unit.cli.frames import ended, error, started, token

type Step = str | Exception


@dataclass
class ScriptedConnection:
    """Says what it was told to say, and then nothing."""

    steps: deque[Step]
    clock: ManualClock
    sent: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    refuses: bool = False

    def send(self, text: str) -> None:
        if self.refuses:
            raise LostError("gone")
        self.sent.append(json.loads(text))

    def receive(self, seconds: float) -> str | None:
        if not self.steps:
            self.clock.sleep(seconds)
            return None
        step = self.steps.popleft()
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.closed = True


@dataclass
class Line:
    """Gives out prepared connections; when there are none left, refuses."""

    clock: ManualClock
    scripts: deque[Iterable[Step] | Exception] = field(default_factory=deque)
    made: list[ScriptedConnection] = field(default_factory=list)
    tries: int = 0

    def open(self) -> Connection:
        self.tries += 1
        script = self.scripts.popleft() if self.scripts else LostError("refused")
        if isinstance(script, Exception):
            raise script
        self.made.append(ScriptedConnection(deque(script), self.clock))
        return self.made[-1]


@dataclass
class Paper:
    """A Screen that keeps what it is shown."""

    text: str = ""
    notes: list[str] = field(default_factory=list)
    ends: list[Finished] = field(default_factory=list)
    abandoned: int = 0

    def show(self, text: str) -> None:
        self.text += text

    def clear(self) -> None:
        self.text = ""

    def note(self, text: str) -> None:
        self.notes.append(text)

    def finish(self, reply: Finished) -> None:
        self.ends.append(reply)

    def abandon(self) -> None:
        self.abandoned += 1


@dataclass
class Interrupt:
    requested: bool = False


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def line(clock: ManualClock) -> Line:
    return Line(clock)


@pytest.fixture
def paper() -> Paper:
    return Paper()


def conversation(
    line: Line, paper: Paper, fetch: Callable[[str], str] = lambda _: "fetched", *scripts: Iterable[Step] | Exception
) -> Conversation:
    line.scripts.extend(scripts)
    return Conversation(line, paper, fetch, clock=line.clock)


def no_fetch(message_id: str) -> str:
    raise AssertionError(message_id)


def test_a_reply(line: Line, paper: Paper) -> None:
    talk = conversation(line, paper, no_fetch, [started(), token(0, "Be"), token(1, "cause"), ended("Because")])
    talk.open()
    assert talk.ask("Why?", Interrupt()) == Finished("Because", {})
    assert paper.text == "Because"
    assert line.made[0].sent[0]["content"] == "Why?"
    talk.close()
    assert line.made[0].closed


def test_each_message_has_an_id_of_its_own(line: Line, paper: Paper) -> None:
    talk = conversation(line, paper, no_fetch, [started(), ended("a"), started("r2"), ended("b", "r2")])
    talk.ask("1", Interrupt())
    talk.ask("2", Interrupt())
    first, second = line.made[0].sent
    assert first["client_message_id"] != second["client_message_id"]


def test_a_lost_connection_is_made_again_and_the_reply_goes_on(line: Line, paper: Paper) -> None:
    talk = conversation(
        line,
        paper,
        no_fetch,
        [started(), token(0, "Be"), LostError("gone")],
        LostError("refused"),
        [token(1, "cause"), ended("Because")],
    )
    talk.open()
    assert talk.ask("Why?", Interrupt()) == Finished("Because", {})
    assert paper.text == "Because"
    assert line.made[1].sent == [{"action": "resume", "message_id": "r1", "after_index": 0, "attempt": 1}]
    assert paper.notes == ["Reconnecting: refused."]


def test_a_message_that_could_not_be_sent_is_sent_again_under_its_id(line: Line, paper: Paper) -> None:
    talk = conversation(line, paper, no_fetch, [], [started(), ended("ok")])
    talk.open()
    line.made[0].refuses = True
    assert talk.ask("Why?", Interrupt()) == Finished("ok", {})
    assert line.made[0].closed
    assert line.made[1].sent[0]["content"] == "Why?"


def test_the_pauses_grow_and_end(line: Line, paper: Paper, clock: ManualClock) -> None:
    talk = conversation(line, paper, no_fetch, [LostError("gone")])
    talk.open()
    with pytest.raises(CliError, match="could not be made again: refused"):
        talk.ask("Why?", Interrupt())
    assert GIVE_UP_AFTER < clock.monotonic() < GIVE_UP_AFTER + 10
    assert 10 < line.tries < 30


def test_a_connection_that_never_helps_is_given_up(line: Line, paper: Paper, clock: ManualClock) -> None:
    talk = conversation(line, paper, no_fetch, *([error("INTERNAL_ERROR")] for _ in range(100)))
    with pytest.raises(CliError, match="the server had trouble"):
        talk.ask("Why?", Interrupt())
    assert clock.monotonic() > GIVE_UP_AFTER


def test_a_long_silence_is_no_trouble(line: Line, paper: Paper, clock: ManualClock) -> None:
    class Slow(ScriptedConnection):
        def receive(self, seconds: float) -> str | None:
            clock.sleep(GIVE_UP_AFTER)
            return super().receive(seconds)

    talk = conversation(line, paper, no_fetch)
    connections = [Slow(deque([LostError("idle")]), clock) for _ in range(3)]
    connections.append(Slow(deque([started(), ended("late")]), clock))
    line.open = lambda: connections.pop(0)  # type: ignore[method-assign]
    assert talk.ask("Why?", Interrupt()) == Finished("late", {})


def test_a_refusal_at_the_door_is_final(line: Line, paper: Paper) -> None:
    talk = conversation(line, paper, no_fetch, CliError("The API key was refused."))
    with pytest.raises(CliError, match="refused"):
        talk.open()
    assert line.tries == 1


def test_an_interrupt_asks_for_a_stop(line: Line, paper: Paper) -> None:
    talk = conversation(line, paper, no_fetch, [started(), token(0, "Be"), ended("Be", stopped=True)])
    interrupt = Interrupt(requested=True)
    outcome = talk.ask("Why?", interrupt)
    assert isinstance(outcome, Finished)
    assert outcome.stopped
    assert [sent.get("action") for sent in line.made[0].sent] == [None, "stop"]


def test_a_failure_is_told_and_the_next_message_goes_on(line: Line, paper: Paper) -> None:
    talk = conversation(
        line, paper, no_fetch, [error("AGENT_ERROR", "Sorry.", message_id="r1"), started("r2"), ended("ok", "r2")]
    )
    assert talk.ask("Why?", Interrupt()) == Failed("AGENT_ERROR", "Sorry.")
    assert paper.abandoned == 1
    assert talk.ask("Again?", Interrupt()) == Finished("ok", {})


def test_a_long_reply_is_fetched_however_often_it_takes(line: Line, paper: Paper) -> None:
    answers: deque[Step] = deque([LostError("busy"), "Because"])

    def fetch(message_id: str) -> str:
        assert message_id == "r1"
        answer = answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    talk = conversation(line, paper, fetch, [started(), token(0, "Be"), ended(None)], [ended(None)])
    assert talk.ask("Why?", Interrupt()) == Finished("Because", {})
    assert paper.text == "Because"
