"""One question, and Ctrl-C."""

import signal

import pytest
import typer

from parlance_cli.chat.conversation import Conversation
from parlance_cli.chat.terminal import Interruption, ask_once, checked
from parlance_cli.errors import CliError
from tests.fakes.clock import ManualClock
from tests.unit.cli.frames import ended, error, started
from tests.unit.cli.test_cli_conversation import Line, Paper, no_fetch


def conversation(*frames: str) -> tuple[Conversation, Paper]:
    clock = ManualClock()
    line, paper = Line(clock), Paper()
    line.scripts.append(frames)
    return Conversation(line, paper, no_fetch, clock=clock), paper


def test_an_answer_is_success() -> None:
    talk, paper = conversation(started(), ended("Because"))
    ask_once(talk, "Why?")
    assert paper.ends[0].content == "Because"


def test_a_failure_is_the_error() -> None:
    talk, _ = conversation(error("AGENT_ERROR", "The agent could not answer.", message_id="r1"))
    with pytest.raises(CliError, match="could not answer"):
        ask_once(talk, "Why?")


def test_a_stopped_answer_is_an_interrupted_command() -> None:
    talk, paper = conversation(started(), ended("Be", stopped=True))
    with pytest.raises(typer.Exit) as left:
        ask_once(talk, "Why?")
    assert left.value.exit_code == 130
    assert paper.ends[0].content == "Be"


def test_the_first_interrupt_asks_and_the_second_leaves() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.requested
        signal.raise_signal(signal.SIGINT)
        assert interruption.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("content", ["", " \n", "é" * 12_289])
def test_what_no_chat_takes_is_not_sent(content: str) -> None:
    with pytest.raises(CliError):
        checked(content)


def test_as_much_as_a_chat_takes_is_sent() -> None:
    assert len(checked("é" * 12_288)) == 12_288
