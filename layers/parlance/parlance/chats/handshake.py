"""`$connect`: who may open a WebSocket, and for which chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parlance.chats.models import check_chat_id
from parlance.clock import Clock
from parlance.conversations.port import ConversationStore
from parlance.errors import MissingParameterError, NotFoundError
from parlance.http.requests import Request
from parlance.identity.authentication import Authenticator
from parlance.identity.model import Principal
from parlance.identity.tickets import Tickets
from parlance.realtime.connections import Connections
from parlance.realtime.messages import Greeting
from parlance.realtime.model import Connection
from parlance.realtime.port import ConnectionStore, Greetings


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows when it connects: a ticket, or a key and whom and what it is for."""

    ticket: str | None = field(repr=False)
    api_key: str | None = field(repr=False)
    user_id: str | None
    chat_id: str | None


def credentials_of(event: Mapping[str, Any]) -> Credentials:
    """From the query, or else from headers, which a browser cannot set."""
    request = Request(event)

    def given(name: str, header: str) -> str | None:
        return request.query(name) or request.header(header) or None

    return Credentials(
        ticket=request.query("ticket"),
        api_key=given("api_key", "x-api-key"),
        user_id=given("user_id", "x-user-id"),
        chat_id=given("chat_id", "x-chat-id"),
    )


@dataclass(frozen=True, slots=True)
class _Entitled:
    principal: Principal
    user_id: str
    chat_id: str


class Handshake:
    """Lets connections in, and has them greeted."""

    def __init__(
        self,
        authenticator: Authenticator,
        tickets: Tickets,
        conversations: ConversationStore,
        connections: Connections,
        store: ConnectionStore,
        greetings: Greetings,
        *,
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self._tickets = tickets
        self._conversations = conversations
        self._connections = connections
        self._store = store
        self._greetings = greetings
        self._clock = clock

    def connect(self, connection_id: str, shown: Credentials) -> None:
        """Let a connection in or raise.

        UnauthenticatedError for the key or ticket, MissingParameterError, NotFoundError("chat") also for somebody
        else's chat, TooManyConnectionsError.
        """
        entitled = self._entitled(shown)
        tenant_id = entitled.principal.tenant_id
        check_chat_id(entitled.chat_id)
        chat = self._conversations.get(tenant_id, entitled.chat_id)
        if chat is None or chat.user_id != entitled.user_id:
            raise NotFoundError("chat")
        connection = Connection(
            id=connection_id,
            tenant_id=tenant_id,
            user_id=chat.user_id,
            chat_id=chat.id,
            key_hash=entitled.principal.key_hash,
            connected_at=self._clock.now(),
        )
        self._connections.connect(connection, limit=entitled.principal.limits.connections)
        try:
            self._greet(connection)
        except Exception:
            # The connection will be refused, and a refused one is never told to disconnect.
            self._store.disconnect(connection_id)
            raise

    def _entitled(self, shown: Credentials) -> _Entitled:
        if shown.ticket is not None:
            record = self._tickets.redeem(shown.ticket)
            principal = self._authenticator.authenticate_hash(record.key_hash)
            return _Entitled(principal, record.user_id, record.conversation_id)
        principal = self._authenticator.authenticate(shown.api_key)
        for name in ("user_id", "chat_id"):
            if getattr(shown, name) is None:
                raise MissingParameterError(f"{name} is required.", details={"parameter": name})
        return _Entitled(principal, shown.user_id or "", shown.chat_id or "")

    def _greet(self, connection: Connection) -> None:
        first_ever = self._store.mark_connected(connection)
        self._greetings.greet(
            Greeting(
                connection_id=connection.id,
                tenant_id=connection.tenant_id,
                user_id=connection.user_id,
                chat_id=connection.chat_id,
                first_ever=first_ever,
            )
        )
