"""Held against the models of the description: what the code really answers and really tells."""

import json

import pytest
from pydantic import BaseModel

from parlance.chats import errors, views
from parlance.conversations.model import Conversation, Failure, Message, Turn, TurnState
from parlance.conversations.port import UserChats
from parlance.conversations.service import MessagePage
from parlance.errors import InvalidInputError
from parlance.http.pages import Page
from parlance.identity.tickets import Ticket
from parlance.realtime import events
from parlance.realtime.messages import Greeting
from parlance.widget import views as widget_views
from parlance.widget.errors import explain
from parlance.widget.lines import whole_reply
from reference import answers, frames, widget_answers

NOW = 1_700_000_000_000
PAGE = Page(0, 50, "asc")
CHAT = Conversation("t", "c", "u", "default", "Title", NOW, NOW, metadata={"a": 1})
ANSWERED = Conversation("t", "c", "u", "default", "Title", NOW, NOW, last_message_at=NOW, message_count=2)
MESSAGE = Message("m", 1, "assistant", "Hello", NOW, metadata={"model": "extractive"})
TURN = Turn(
    id="t1",
    number=1,
    message_id="m",
    reply_id="r",
    state=TurnState.GENERATING,
    created_at=NOW,
    attempt=1,
)
FAILED = Turn(
    id="t1",
    number=1,
    message_id="m",
    reply_id="r",
    state=TurnState.FAILED,
    created_at=NOW,
    attempt=2,
    ended_at=NOW,
    failure=Failure("AGENT_ERROR", "It could not."),
)


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (answers.Chat, views.chat(CHAT)),
        (answers.Chat, views.chat(ANSWERED)),
        (answers.ChatPage, views.user_chats(UserChats([CHAT, ANSWERED], 2), PAGE)),
        (answers.Message, views.message(MESSAGE)),
        (answers.MessagePage, views.messages(MessagePage([MESSAGE], 1, has_more=False), PAGE)),
        (answers.Turn, views.turn(TURN, "c")),
        (answers.Turn, views.turn(FAILED, "c")),
        (answers.Ticket, views.ticket(Ticket("tk", NOW))),
        (answers.Error, errors.explain(InvalidInputError("No.", details={"parameter": "x"})).body),
        (widget_answers.WidgetReply, whole_reply(MESSAGE, "c")),
        (widget_answers.WidgetTicket, widget_views.ticket(Ticket("tk", NOW), "c")),
        (widget_answers.VisitorConversation, widget_views.conversation(CHAT)),
        (widget_answers.ShownMessage, widget_views.message(MESSAGE)),
        (widget_answers.WidgetError, explain(InvalidInputError("No.")).body),
    ],
)
def test_answers(model: type[BaseModel], answer: object) -> None:
    model.model_validate(answer)


@pytest.mark.parametrize(
    ("model", "frame"),
    [
        (
            frames.ConnectionEstablished,
            events.connection_established(
                Greeting(connection_id="x", tenant_id="t", user_id="u", chat_id="c", first_ever=True), now=NOW
            ),
        ),
        (frames.UserCreated, events.user_created("u", now=NOW)),
        (frames.MessageReceived, events.message_received(MESSAGE, "c", None, now=NOW)),
        (frames.MessageReceived, events.message_received(MESSAGE, "c", "mine", now=NOW)),
        (frames.MessageStreamStarted, events.stream_started(TURN, "c", now=NOW)),
        (frames.MessageStreamToken, events.stream_token(TURN, "Hel", 0, now=NOW)),
        (frames.MessageStreamEnded, events.stream_ended(MESSAGE, "c", now=NOW)),
        (frames.Pong, events.pong(now=NOW)),
        (frames.ErrorEvent, events.turn_failed(FAILED, Failure("AGENT_ERROR", "It could not."), now=NOW)),
        (frames.ErrorEvent, events.error("INVALID_MESSAGE", "No.", {}, now=NOW)),
    ],
)
def test_frames(model: type[BaseModel], frame: bytes) -> None:
    model.model_validate(json.loads(frame))


def test_every_frame_is_tried_here() -> None:
    (parameters,) = (mark.args[1] for mark in test_frames.pytestmark)  # type: ignore[attr-defined]
    assert {model for model, _ in parameters} == set(frames.EVENTS)
