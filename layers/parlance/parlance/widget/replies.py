"""The calls that answer with a model's reply, and those that take up one that is under way: all of them stream."""

import re
from collections.abc import Iterator

from parlance.clock import Clock
from parlance.conversations.caller import Caller, RunningTurn
from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.log import Ended, TurnEvent, TurnFailed
from parlance.conversations.model import Conversation, Turn
from parlance.conversations.port import ConversationStore
from parlance.conversations.telling import whole
from parlance.errors import InvalidInputError, NotFoundError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import SSE, Stream, ndjson_stream, sse_stream, wants
from parlance.identity.web_keys import WidgetKey
from parlance.widget import lines, ui_stream
from parlance.widget.bodies import Said, checked_session, message_in
from parlance.widget.port import VisitLog
from parlance.widget.sessions import check_key, conversation_id, conversation_of, turn_address

ROOT = "/v1/chat"
_INDEX = re.compile(r"-1|[0-9]{1,9}\Z", re.ASCII)


class WidgetReplies:
    """The streaming group. Every call is made with a widget key and reaches only conversations begun under it."""

    def __init__(
        self,
        caller: Caller,
        engine: TurnEngine,
        conversations: ConversationStore,
        visits: VisitLog,
        *,
        clock: Clock,
    ) -> None:
        self._caller = caller
        self._engine = engine
        self._conversations = conversations
        self._visits = visits
        self._clock = clock

    def routes(self) -> list[Route[WidgetKey, Answer | Stream]]:
        return [
            Route("POST", ROOT, self.reply),
            Route("POST", f"{ROOT}/stream", self.stream),
            Route("GET", f"{ROOT}/stream/<session>/stream", self.take_up),
            Route("GET", f"{ROOT}/<turn_id>", self.resume),
        ]

    def reply(self, request: Request, key: WidgetKey) -> Answer:
        said = self._said(request)
        return Answer(
            200, lines.whole_reply(self._send(request, key, said).reply(), conversation_id(key, said.session))
        )

    def stream(self, request: Request, key: WidgetKey) -> Stream:
        said = self._said(request)
        running = self._send(request, key, said)
        events, chat_id = _told(running), conversation_id(key, said.session)
        if said.as_ui or wants(request, SSE):
            return _ui(events, chat_id)
        return _ndjson(lines.lines_of(events, chat_id))

    def take_up(self, _: Request, key: WidgetKey, session: str) -> Answer | Stream:
        """The reply that is being made in a session, from its beginning. 204 when there is none."""
        found = self._conversations.get(key.tenant_id, conversation_id(key, checked_session(session)))
        turn = self._live_turn(found) if found else None
        if found is None or turn is None:
            return Answer(204)
        return _ui(_ending(whole(self._engine.follow(key.tenant_id, found.id, turn))), found.id)

    def resume(self, request: Request, key: WidgetKey, turn_id: str) -> Stream:
        """A reply from an index on, live or stored; `sessionId` in the query is checked where it is sent."""
        after = _index_in(request)
        where = turn_address(turn_id)
        session = request.query("sessionId")
        if session is not None and conversation_id(key, checked_session(session)) != where.conversation_id:
            raise NotFoundError("turn")
        chat = check_key(self._conversations.get(key.tenant_id, where.conversation_id), key)
        turn = self._engine.turn(key.tenant_id, chat.id, where.turn_id)
        events = _ending(whole(self._engine.follow(key.tenant_id, chat.id, turn)))
        return _ndjson(lines.lines_of(events, chat.id, after_index=after))

    def _said(self, request: Request) -> Said:
        key = request.idempotency_key()
        return message_in(request.json_object(), key=key)

    def _send(self, request: Request, key: WidgetKey, said: Said) -> RunningTurn:
        began = conversation_of(key, said.session, now=self._clock.now())
        command = BeginTurn(
            tenant_id=key.tenant_id,
            conversation_id=began.id,
            content=said.text,
            idempotency_key=said.key,
            creates=began,
        )
        running = self._caller.send(command, deadline=request.deadline(self._clock))
        if running.begun.turn.number == 1:
            # After the fact, for before it nobody knows that this message is the first.
            self._visits.record(key.tenant_id, began.id, began_at=running.begun.turn.created_at)
        return running

    def _live_turn(self, conversation: Conversation) -> Turn | None:
        """The newest turn of a conversation, unless it has ended."""
        found = self._engine.newest_turn(conversation)
        return None if found is None or found.state.ended else found


def _told(running: RunningTurn) -> Iterator[TurnEvent]:
    yield from _ending(whole(running.events))
    running.join()


def _ending(events: Iterator[TurnEvent]) -> Iterator[TurnEvent]:
    """The same events; when they break off because the conversation was deleted, that is a failure to be told."""
    event: TurnEvent | None = None
    for event in events:
        yield event
    if not isinstance(event, Ended | TurnFailed):
        raise NotFoundError("chat")


def _ndjson(chunks: Iterator[bytes]) -> Stream:
    return ndjson_stream(chunks, lines.failed_line)


def _ui(events: Iterator[TurnEvent], chat_id: str) -> Stream:
    return sse_stream(ui_stream.chunks_of(events, chat_id), ui_stream.failed_chunk, ui_stream.HEADERS)


def _index_in(request: Request) -> int:
    text = request.query("after")
    if text is None:
        return -1
    if not _INDEX.fullmatch(text):
        raise InvalidInputError("after must be an index.", details={"parameter": "after"})
    return int(text)
