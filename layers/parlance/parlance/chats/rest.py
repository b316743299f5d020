"""The REST calls of the chats dialect."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from parlance.chats import models, views
from parlance.chats.agents import Agents, NamedAgent, agent_for
from parlance.chats.gate import ROOT
from parlance.chats.models import check_chat_id
from parlance.clock import Clock
from parlance.conversations.engine import TurnEngine
from parlance.conversations.model import Conversation
from parlance.conversations.service import Conversations, NewConversation
from parlance.errors import InvalidInputError
from parlance.http.answers import Answer
from parlance.http.pages import page_of
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.model import Principal
from parlance.identity.tickets import TicketRequest, Tickets

_USERS = f"{ROOT}/user/"
_NAME_IN_TITLE_MAX = 80
# A function's answer may have 6 MB, and its quoting takes some of that.
_PAGE_BYTES_MAX = 4 * 1024 * 1024


class ChatsRest:
    """The group's routes. Every call is made by a principal and reaches only that principal's tenant."""

    def __init__(
        self, conversations: Conversations, engine: TurnEngine, agents: Agents, tickets: Tickets, *, clock: Clock
    ) -> None:
        self._conversations = conversations
        self._engine = engine
        self._agents = agents
        self._tickets = tickets
        self._clock = clock

    def routes(self) -> list[Route[Principal]]:
        # A user's id may hold slashes, so its route takes the whole rest of the path and stands before the others.
        return [
            Route("POST", ROOT, self.create),
            Route("GET", f"{_USERS}.+", self.user_chats),
            Route("GET", f"{ROOT}/<chat_id>", self.get),
            Route("DELETE", f"{ROOT}/<chat_id>", self.delete),
            # Sending one is a streaming route, and so another group's.
            Route("GET", f"{ROOT}/<chat_id>/messages", self.messages, elsewhere=("POST",)),
            Route("GET", f"{ROOT}/<chat_id>/turns/<turn_id>", self.turn),
            Route("POST", f"{ROOT}/<chat_id>/turns/<turn_id>/stop", self.stop),
            Route("POST", f"{ROOT}/<chat_id>/tickets", self.ticket),
        ]

    def create(self, request: Request, caller: Principal) -> Answer:
        key = request.idempotency_key()
        body = request.json_object()
        wanted = models.read(models.NewChat, body)
        agent = agent_for(self._agents, caller.tenant_id, wanted.agent_id)
        new = NewConversation(
            tenant_id=caller.tenant_id,
            user_id=wanted.user_id,
            agent_id=agent.id,
            title=wanted.title or self._title(agent),
            metadata=wanted.metadata or {},
        )
        return Answer(201, views.chat(self._conversations.create(new, idempotency_key=key, body=body)))

    def user_chats(self, request: Request, caller: Principal) -> Answer:
        page = page_of(request, default_order="desc")
        user_id = models.read(models.UserPath, {"user_id": request.path_after(_USERS)}).user_id
        found = self._conversations.user_chats(
            caller.tenant_id, user_id, offset=page.offset, limit=page.limit, order=page.order
        )
        return Answer(200, views.user_chats(found, page))

    def get(self, _: Request, caller: Principal, chat_id: str) -> Answer:
        return Answer(200, views.chat(self._existing(caller, chat_id)))

    def messages(self, request: Request, caller: Principal, chat_id: str) -> Answer:
        page = page_of(request, default_order="asc")
        check_chat_id(chat_id)
        found = self._conversations.messages(
            caller.tenant_id, chat_id, offset=page.offset, limit=page.limit, order=page.order
        )
        if sum(len(message.content.encode()) for message in found.messages) > _PAGE_BYTES_MAX:
            raise InvalidInputError(
                "The messages of this page are too long for one answer. Ask for fewer at a time.",
                details={"parameter": "limit"},
            )
        return Answer(200, views.messages(found, page))

    def delete(self, _: Request, caller: Principal, chat_id: str) -> Answer:
        check_chat_id(chat_id)
        self._conversations.delete(caller.tenant_id, chat_id)
        return Answer(204)

    def turn(self, _: Request, caller: Principal, chat_id: str, turn_id: str) -> Answer:
        self._existing(caller, chat_id)
        return Answer(200, views.turn(self._engine.turn(caller.tenant_id, chat_id, turn_id), chat_id))

    def stop(self, request: Request, caller: Principal, chat_id: str, turn_id: str) -> Answer:
        """Stopping twice is stopping once, so an idempotency key has nothing to add."""
        request.idempotency_key()
        self._existing(caller, chat_id)
        turn = self._engine.turn(caller.tenant_id, chat_id, turn_id)
        return Answer(200, views.turn(self._engine.stop(caller.tenant_id, chat_id, turn), chat_id))

    def ticket(self, request: Request, caller: Principal, chat_id: str) -> Answer:
        key = request.idempotency_key()
        body = request.json_object_or_nothing()
        chat = self._existing(caller, chat_id)
        again = TicketRequest(request.header("x-api-key") or "", key, _hash(body)) if key else None
        issued = self._tickets.issue(caller, conversation_id=chat.id, user_id=chat.user_id, request=again)
        return Answer(200, views.ticket(issued))

    def _existing(self, caller: Principal, chat_id: str) -> Conversation:
        check_chat_id(chat_id)
        return self._conversations.get(caller.tenant_id, chat_id)

    def _title(self, agent: NamedAgent) -> str:
        today = datetime.fromtimestamp(self._clock.now() / 1000, UTC)
        return f"{agent.name[:_NAME_IN_TITLE_MAX]}, {today.day} {today:%B %Y}"


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
