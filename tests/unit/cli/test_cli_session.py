"""The session, frame by frame."""

import pytest

from parlance_cli.chat.session import Action, Clear, Failed, Fetch, Finished, Reconnect, Send, Session, Show
from tests.unit.cli.frames import ended, error, frame, message_received, started, token

MESSAGE = Send({"content": "Why?", "client_message_id": "m1"})


@pytest.fixture
def session() -> Session:
    session = Session()
    assert session.send("Why?", "m1") == [MESSAGE]
    return session


def feed(session: Session, *frames: str) -> list[Action]:
    return [action for text in frames for action in session.received(text)]


def resume(after_index: int, attempt: int = 1, reply_id: str = "r1") -> Send:
    return Send({"action": "resume", "message_id": reply_id, "after_index": after_index, "attempt": attempt})


def stop(reply_id: str = "r1") -> Send:
    return Send({"action": "stop", "message_id": reply_id})


def test_tokens_are_shown_as_they_come_and_the_end_adds_nothing(session: Session) -> None:
    actions = feed(session, message_received(), started(), token(0, "Be"), token(1, "cause"), ended("Because", a=1))
    assert actions == [Show("Be"), Show("cause"), Finished("Because", {"a": 1})]


def test_a_frame_says_its_text_as_it_is() -> None:
    [send] = Session().send("Größe?", "m1")
    assert isinstance(send, Send)
    assert send.text == '{"content": "Größe?", "client_message_id": "m1"}'


def test_the_next_message_waits_for_the_reply(session: Session) -> None:
    with pytest.raises(RuntimeError):
        session.send("And?", "m2")
    feed(session, started(), ended("Because"))
    assert session.send("And?", "m2") == [Send({"content": "And?", "client_message_id": "m2"})]


def test_a_lost_connection_before_the_reply_sends_the_message_again(session: Session) -> None:
    assert session.reconnected() == [MESSAGE]
    feed(session, message_received())
    assert session.reconnected() == [MESSAGE]


def test_a_lost_connection_during_the_reply_resumes_after_what_was_shown(session: Session) -> None:
    feed(session, started(attempt=2))
    assert session.reconnected() == [resume(-1, attempt=2)]
    feed(session, token(0, "a"), token(1, "b"))
    assert session.reconnected() == [resume(1, attempt=2)]
    assert feed(session, token(1, "b"), token(2, "c")) == [Show("c")]


def test_a_higher_attempt_clears(session: Session) -> None:
    actions = feed(session, started(), token(0, "Perh"), started(attempt=2), token(0, "Because"), ended("Because"))
    assert actions == [Show("Perh"), Clear(), Show("Because"), Finished("Because", {})]


def test_nothing_shown_needs_no_clearing_and_a_repeated_start_changes_nothing(session: Session) -> None:
    assert feed(session, started(), started(attempt=2)) == []
    assert feed(session, token(0, "a"), started(attempt=2), started(attempt=1), token(0, "a")) == [Show("a")]


def test_a_gap_is_asked_for_once_and_healed(session: Session) -> None:
    assert feed(session, started(), token(0, "a"), token(2, "c"), token(3, "d")) == [Show("a"), resume(0)]
    assert feed(session, token(1, "b"), token(2, "c"), token(3, "d")) == [Show("b"), Show("c"), Show("d")]


def test_the_end_completes_what_is_missing(session: Session) -> None:
    assert feed(session, started(), token(0, "Be"), ended("Because")) == [
        Show("Be"),
        Show("cause"),
        Finished("Because", {}),
    ]


def test_the_end_corrects_what_differs(session: Session) -> None:
    assert feed(session, started(), token(0, "Perh"), ended("Because"))[1:] == [
        Clear(),
        Show("Because"),
        Finished("Because", {}),
    ]


def test_an_empty_reply_takes_back_what_was_shown(session: Session) -> None:
    assert feed(session, started(), token(0, "Perh"), ended(""))[1:] == [Clear(), Finished("", {})]


def test_an_end_without_its_beginning_is_an_end(session: Session) -> None:
    assert feed(session, ended("Because")) == [Show("Because"), Finished("Because", {})]


def test_a_reply_too_long_for_a_frame_is_fetched(session: Session) -> None:
    assert feed(session, started(), token(0, "Be"), ended(None, model="x")) == [Show("Be"), Fetch("r1")]
    assert session.reconnected() == [resume(0)]
    assert feed(session, ended(None, model="x")) == [Fetch("r1")]
    assert session.fetched("Because") == [Show("cause"), Finished("Because", {"model": "x"})]
    assert session.fetched("Because") == []


def test_an_end_without_content_or_beginning_can_be_resumed(session: Session) -> None:
    assert feed(session, ended(None)) == [Fetch("r1")]
    assert session.reconnected() == [Send({"action": "resume", "message_id": "r1", "after_index": -1})]


def test_stop_is_sent_once(session: Session) -> None:
    feed(session, started())
    assert session.stop() == [stop()]
    assert session.stop() == []
    [finished] = feed(session, ended("", stopped=True))
    assert isinstance(finished, Finished)
    assert finished.stopped
    assert session.stop() == []


def test_stop_waits_for_the_reply_to_have_a_name(session: Session) -> None:
    assert session.stop() == []
    assert feed(session, started()) == [stop()]


def test_stop_is_repeated_where_it_may_have_been_lost(session: Session) -> None:
    feed(session, started())
    session.stop()
    assert session.reconnected() == [resume(-1), stop()]
    assert feed(session, started(attempt=2)) == [stop()]


def test_a_failed_turn_ends_the_exchange(session: Session) -> None:
    assert feed(session, started(), error("AGENT_ERROR", "Sorry.", message_id="r1", turn_id="t1")) == [
        Failed("AGENT_ERROR", "Sorry.")
    ]
    session.send("And?", "m2")
    assert feed(session, error("AGENT_ERROR", message_id="r1"), started("r1", 2), ended("late", "r1")) == []


def test_a_refused_message_ends_the_exchange(session: Session) -> None:
    assert feed(session, error("RATE_LIMITED", "Slowly.", retry_after=1)) == [Failed("RATE_LIMITED", "Slowly.")]
    assert session.reconnected() == []


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "INVALID_API_KEY"])
def test_trouble_of_the_server_is_met_with_another_connection(session: Session, code: str) -> None:
    assert feed(session, error(code)) == [Reconnect()]
    assert session.reconnected() == [MESSAGE]


def test_a_refused_control_frame_is_met_with_another_connection(session: Session) -> None:
    assert feed(session, started(), error("RATE_LIMITED")) == [Reconnect()]


def test_the_platforms_own_error_is_met_with_another_connection(session: Session) -> None:
    assert session.received('{"message": "Internal server error", "connectionId": "x"}') == [Reconnect()]


@pytest.mark.parametrize(
    "text",
    [
        frame("pong"),
        frame("connection_established", user_id="u"),
        frame("message_stream_started", message_id="r1"),
        frame("message_stream_ended"),
        started("other", 5),
        token(0, "x", "other"),
        ended("x", "other"),
        error("AGENT_ERROR", message_id="other"),
        frame("message_stream_token", message_id="r1", index="0", token="x"),
    ],
)
def test_what_is_not_about_this_reply_is_passed_over(session: Session, text: str) -> None:
    feed(session, started())
    assert feed(session, text, token(0, "a")) == [Show("a")]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_what_is_no_frame_is_met_with_another_connection(session: Session, text: str) -> None:
    assert session.received(text) == [Reconnect()]


def test_without_an_exchange_nothing_happens() -> None:
    session = Session()
    assert feed(session, started(), token(0, "a"), ended("a"), "{}") == []
    assert (session.stop(), session.reconnected(), session.fetched("x")) == ([], [], [])
