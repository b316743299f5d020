"""Sending a message over HTTP: the reply comes whole, or event by event while it is made."""

from collections.abc import Iterator

from parlance.chats import models, views
from parlance.chats.errors import event_problem_of
from parlance.chats.gate import ROOT
from parlance.chats.models import check_chat_id, check_content
from parlance.clock import Clock
from parlance.conversations.caller import Caller, RunningTurn
from parlance.conversations.engine import BeginTurn
from parlance.conversations.log import Ended, Started, Token, TurnEvent, TurnFailed
from parlance.conversations.telling import whole
from parlance.errors import NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import NDJSON, Stream, ndjson_stream, wants
from parlance.identity.model import Principal
from parlance.realtime import events


class ChatMessages:
    """`POST /api/v1/chats/{chat_id}/messages`. The events are those of the WebSocket."""

    def __init__(self, caller: Caller, *, clock: Clock) -> None:
        self._caller = caller
        self._clock = clock

    def routes(self) -> list[Route[Principal, Answer | Stream]]:
        return [Route("POST", f"{ROOT}/<chat_id>/messages", self.send)]

    def send(self, request: Request, caller: Principal, chat_id: str) -> Answer | Stream:
        key = request.idempotency_key()
        check_chat_id(chat_id)
        message = models.read(models.SentMessage, request.json_object())
        check_content(message.content)
        command = BeginTurn(
            tenant_id=caller.tenant_id,
            conversation_id=chat_id,
            content=message.content,
            metadata=message.metadata or {},
            idempotency_key=key,
        )
        running = self._caller.send(command, deadline=request.deadline(self._clock))
        if wants(request, NDJSON):
            return ndjson_stream(self._lines(running, chat_id), self._failure)
        return Answer(200, views.message(running.reply()))

    def _lines(self, running: RunningTurn, chat_id: str) -> Iterator[bytes]:
        yield events.message_received(running.begun.message, chat_id, None, now=self._clock.now(), bytes_max=None)
        event: TurnEvent | None = None
        for event in whole(running.events):
            yield from self._line(running, event, chat_id)
        if not isinstance(event, Ended | TurnFailed):
            yield self._failure(NotFoundError("chat"))
        running.join()

    def _line(self, running: RunningTurn, event: TurnEvent, chat_id: str) -> Iterator[bytes]:
        now = self._clock.now()
        match event:
            case Started(turn):
                yield events.stream_started(turn, chat_id, now=now)
            case Token(index, text):
                yield events.stream_token(running.begun.turn, text, index, now=now)
            case Ended(_, reply, _):
                yield events.stream_ended(reply, chat_id, now=now, bytes_max=None)
            case TurnFailed(turn, failure):
                yield events.turn_failed(turn, failure, now=now)

    def _failure(self, error: Exception) -> bytes:
        problem = event_problem_of(error)
        return events.error(problem.code, problem.message, problem.details, now=self._clock.now())
