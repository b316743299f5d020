"""The calls of pages that need no model: a stop, and a ticket for the WebSocket."""

import hashlib
import json
from functools import partial

from parlance.clock import Clock
from parlance.conversations.engine import TurnEngine
from parlance.conversations.model import Conversation
from parlance.conversations.port import ConversationStore, StaleError
from parlance.conversations.retrying import persist
from parlance.errors import NotFoundError, UnavailableError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.model import Limits, Principal
from parlance.identity.tickets import TicketRequest, Tickets
from parlance.identity.web_keys import WidgetKey, hash_of
from parlance.ids import IdSource
from parlance.pauses import Pauses
from parlance.widget.bodies import checked_session, session_in
from parlance.widget.gate import key_in
from parlance.widget.port import VisitLog
from parlance.widget.replies import ROOT
from parlance.widget.sessions import check_key, conversation_id, conversation_of, turn_address
from parlance.widget.views import ticket

_CREATE_SECONDS = 8.0


class WidgetCalls:
    """The part of the dialect that need not stream."""

    def __init__(
        self,
        engine: TurnEngine,
        conversations: ConversationStore,
        visits: VisitLog,
        tickets: Tickets,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._engine = engine
        self._conversations = conversations
        self._visits = visits
        self._tickets = tickets
        self._clock = clock
        self._ids = ids

    def routes(self) -> list[Route[WidgetKey]]:
        return [
            Route("POST", f"{ROOT}/ticket", self.ticket),
            Route("POST", f"{ROOT}/<turn_id>/stop", self.stop),
        ]

    def stop(self, request: Request, key: WidgetKey, turn_id: str) -> Answer:
        """Ends the model call itself; a reply that has ended stays as it is. `sessionId` is checked if it is sent."""
        where = turn_address(turn_id)
        session = request.json_object_or_nothing().get("sessionId")
        if session is not None and conversation_id(key, checked_session(session)) != where.conversation_id:
            raise NotFoundError("turn")
        chat = check_key(self._conversations.get(key.tenant_id, where.conversation_id), key)
        self._engine.stop(key.tenant_id, chat.id, self._engine.turn(key.tenant_id, chat.id, where.turn_id))
        return Answer(204)

    def ticket(self, request: Request, key: WidgetKey) -> Answer:
        """Opens the WebSocket for a session, whose conversation begins with it if need be."""
        again, body = request.idempotency_key(), request.json_object()
        chat = self._conversation(key, session_in(body))
        text = key_in(request) or ""
        principal = Principal(key.tenant_id, key.id, hash_of(text), Limits())
        asked = TicketRequest(text, again, _hash(body)) if again else None
        issued = self._tickets.issue(principal, conversation_id=chat.id, user_id=chat.user_id, request=asked)
        return Answer(200, ticket(issued, chat.id))

    def _conversation(self, key: WidgetKey, session: str) -> Conversation:
        found = self._conversations.get(key.tenant_id, conversation_id(key, session))
        if found is not None:
            return found
        new = conversation_of(key, session, now=self._clock.now())
        created = self._create(new)
        self._visits.record(key.tenant_id, created.id, began_at=created.created_at)
        return created

    def _create(self, new: Conversation) -> Conversation:
        """Create it, or find the one that somebody else has created meanwhile."""
        until, pauses = self._clock.monotonic() + _CREATE_SECONDS, Pauses(self._clock)
        while self._clock.monotonic() < until:
            try:
                return persist(
                    partial(self._conversations.create, new, key=None, token=self._ids.random()),
                    clock=self._clock,
                    give_up=lambda: self._clock.monotonic() >= until,
                )
            except StaleError:
                found = self._conversations.get(new.tenant_id, new.id)
                if found is not None:
                    return found
                pauses.pause()
        raise UnavailableError("The conversation cannot be created now.")


def _hash(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
