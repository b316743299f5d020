"""`POST /query/agent/{agentId}`: a user's question and the agent's answer, as one turn of a conversation.

A session is a conversation: its first question creates it, under an id that is an HMAC of the session and of whose it
is. So two first questions at once make one conversation, nobody comes into another's by knowing its session, and the
tenant finds it in the chats dialect, under the user's name.
"""

import hmac
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from parlance.agents.context import TurnContext, VerifiedIdentity
from parlance.agents.definitions import Agent, AgentReader
from parlance.clock import Clock
from parlance.conversations.caller import Caller
from parlance.conversations.engine import BeginTurn
from parlance.conversations.model import Conversation
from parlance.errors import ForbiddenError, InvalidInputError, NotFoundError, TooLargeError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.http.streams import Stream
from parlance.ids import IdSource
from parlance.kosmos import ROOT
from parlance.kosmos.clients import Clients, Data, data_of
from parlance.kosmos.query_gate import QueryCaller

CONTENT_BYTES_MAX = 24 * 1024
_NAME_MAX = 256
_AGENT_ID_MAX = 128
_TITLE_NAME_MAX = 80
_CONVERSATION_HEX = 40


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks, as far as it is known. `account_id` only where a token has verified it."""

    tenant_id: str
    account_id: str | None
    community_id: str | None
    username: str | None

    def identity(self) -> VerifiedIdentity:
        """A backend that names no user is known as its tenant."""
        known = {"tenant": self.tenant_id, "community": self.community_id, "username": self.username}
        verified_by = "user token" if self.account_id else "service key"
        attributes = {name: value for name, value in known.items() if value is not None}
        return VerifiedIdentity(
            self.account_id or self.username or self.tenant_id, {**attributes, "verified_by": verified_by}
        )

    def derived(self, *parts: str) -> str:
        """40 hexadecimal digits that only this asker can come to. Nobody is named by another's user id."""
        who = ["user", self.account_id] if self.account_id else ["named", self.community_id, self.username]
        message = json.dumps([*who, *parts]).encode()
        return hmac.digest(self.tenant_id.encode(), message, "sha256").hex()[:_CONVERSATION_HEX]


class AgentQuery:
    """The group's one route."""

    def __init__(self, caller: Caller, agents: AgentReader, clients: Clients, *, clock: Clock, ids: IdSource) -> None:
        self._caller = caller
        self._agents = agents
        self._clients = clients
        self._clock = clock
        self._ids = ids

    def routes(self) -> list[Route[QueryCaller, Answer | Stream]]:
        return [Route("POST", f"{ROOT}/query/agent/<agent_id>", self.query)]

    def query(self, request: Request, caller: QueryCaller, agent_id: str) -> Answer:
        """Raises InvalidInputError, ForbiddenError, NotFoundError("agent"), ConflictError, AgentError."""
        key = request.idempotency_key()
        data = data_of(request.json_object(), lambda: self._clients.of(request))
        asker = _asker(caller, data)
        content = _content(data)
        session_id = _session_id(request, data) or self._new_session(asker, key)
        conversation = self._conversation(self._agent(caller.tenant_id, agent_id), asker, session_id)
        command = BeginTurn(
            tenant_id=caller.tenant_id,
            conversation_id=conversation.id,
            content=content,
            idempotency_key=key,
            creates=conversation,
            context=TurnContext(identity=asker.identity()),
        )
        reply = self._caller.send(command, deadline=request.deadline(self._clock)).reply()
        answer = {"response": reply.content, "sessionId": session_id}
        headers = {"Cache-Control": "no-store", "X-Chat-Id": conversation.id}
        return Answer(200, answer if data.client is None else data.client.seal(answer), headers)

    def _agent(self, tenant_id: str, agent_id: str) -> Agent:
        found = self._agents.get(tenant_id, agent_id) if _is_printable(agent_id, _AGENT_ID_MAX) else None
        if found is None:
            raise NotFoundError("agent")
        return found

    def _new_session(self, asker: _Asker, key: str | None) -> str:
        """A question that is repeated under its idempotency key comes to the session that it began."""
        return asker.derived("session", key) if key else self._ids.random()

    def _conversation(self, agent: Agent, asker: _Asker, session_id: str) -> Conversation:
        now = self._clock.now()
        today = datetime.fromtimestamp(now / 1000, UTC)
        return Conversation(
            tenant_id=asker.tenant_id,
            id=f"chat_{asker.derived('conversation', agent.id, session_id)}",
            # Without a name every session is a user of its own, so that none waits for another's first question.
            user_id=asker.username or asker.account_id or session_id,
            agent_id=agent.id,
            title=f"{agent.name[:_TITLE_NAME_MAX]}, {today.day} {today:%B %Y}",
            created_at=now,
            updated_at=now,
            metadata={"session_id": session_id},
        )


def _asker(caller: QueryCaller, data: Data) -> _Asker:
    """Raises ForbiddenError for claims that contradict what is verified, InvalidInputError for what is no claim."""
    tenant_id, community_id, username = (_claim(data, name) for name in ("tenantId", "communityId", "username"))
    account = caller.account
    if tenant_id not in {None, caller.tenant_id}:
        raise ForbiddenError("tenantId is not the caller's.")
    if account is None:
        return _Asker(caller.tenant_id, None, community_id, username)
    if community_id not in {None, account.community_id}:
        raise ForbiddenError("communityId is not the user's.")
    if username not in {None, account.username, account.id}:
        raise ForbiddenError("username is not the user's.")
    return _Asker(caller.tenant_id, account.id, account.community_id, account.username)


def _claim(data: Data, name: str) -> str | None:
    value = data.text(name)
    if value is not None and not _is_printable(value, _NAME_MAX):
        raise InvalidInputError(f"{name} has up to {_NAME_MAX} printable characters.")
    return value


def _content(data: Data) -> str:
    content = data.required_text("userInput")
    if len(content.encode()) > CONTENT_BYTES_MAX:
        raise TooLargeError(f"userInput is larger than {CONTENT_BYTES_MAX} bytes.")
    if not content.strip():
        raise InvalidInputError("userInput is empty.")
    return content


def _session_id(request: Request, data: Data) -> str | None:
    """From the query or the body, which mean the same. Raises InvalidInputError when they disagree."""
    said, in_query = _claim(data, "sessionId"), request.query("sessionId") or None
    if in_query is not None and not _is_printable(in_query, _NAME_MAX):
        raise InvalidInputError(f"sessionId has up to {_NAME_MAX} printable characters.")
    if said is not None and in_query is not None and said != in_query:
        raise InvalidInputError("sessionId in the query and in the body disagree.")
    return said or in_query


def _is_printable(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and not any(unicodedata.category(one) in {"Cc", "Cs"} for one in text)
