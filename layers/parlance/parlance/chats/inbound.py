"""`$default`: what a client sends over its open connection.

The platform gives a frame 29 seconds, so nothing is answered here: a message is stored, its receipt is posted, and a
worker is woken. In the common case that takes three waves of round trips to the table: the connection beside its
counter, the conversation beside the idempotency record, and the transaction that begins the turn.
"""

from concurrent.futures import ThreadPoolExecutor

from parlance.chats.errors import event_problem_of
from parlance.chats.frames import Ping, parse_frame
from parlance.chats.models import NewMessage, Resume, Stop
from parlance.clock import Clock
from parlance.conversations.engine import BeginTurn, BegunTurn, TurnEngine
from parlance.conversations.model import Failure, Listener, Turn, TurnState
from parlance.conversations.port import ConversationStore
from parlance.errors import NotFoundError, RateLimitedError, UnauthenticatedError, UnavailableError
from parlance.identity.authentication import Authenticator
from parlance.ids import IdSource
from parlance.limits.model import Window
from parlance.limits.port import ConnectionCounter
from parlance.limits.rates import RateLimiter
from parlance.logs import logger
from parlance.realtime import events
from parlance.realtime.model import Connection
from parlance.realtime.port import ConnectionStore, GoneError, Management, PostFailedError
from parlance.realtime.posting import post_patiently

_WINDOW_SECONDS = 1
_FAILED = Failure("AGENT_ERROR", "The agent could not answer. Try again.")


class Inbound:
    """Handles the frames of open connections. What goes wrong is told to the client in an `error` event."""

    def __init__(
        self,
        store: ConnectionStore,
        limiter: RateLimiter,
        authenticator: Authenticator,
        conversations: ConversationStore,
        engine: TurnEngine,
        management: Management,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._limiter = limiter
        self._authenticator = authenticator
        self._conversations = conversations
        self._engine = engine
        self._management = management
        self._clock = clock
        self._ids = ids

    def receive(self, connection_id: str, text: str) -> None:
        """Handle one frame, whatever it holds."""
        try:
            connection = self._admitted(connection_id)
            self._handle(connection, text)
        except UnauthenticatedError as error:
            self._refuse(connection_id, error)
            self._end(connection_id)
        except Exception as error:  # noqa: BLE001 - the entry point of a frame: every failure becomes an event
            self._refuse(connection_id, error)

    def disconnect(self, connection_id: str) -> None:
        """The connection has ended."""
        self._store.disconnect(connection_id)

    def _admitted(self, connection_id: str) -> Connection:
        """Raises UnauthenticatedError when the connection or its key is no longer good, RateLimitedError."""
        with ThreadPoolExecutor(1) as beside:
            counting = beside.submit(
                self._limiter.count, ConnectionCounter(connection_id), window_seconds=_WINDOW_SECONDS
            )
            connection = self._store.connection(connection_id)
            window = counting.result()
        if connection is None:
            raise UnauthenticatedError("This connection is not known any more. Connect again.")
        principal = self._authenticator.authenticate_hash(connection.key_hash)
        self._check_rate(window, principal.limits.messages_per_second)
        return connection

    def _check_rate(self, window: Window, limit: int) -> None:
        allowance = self._limiter.allowance(window, limit, _WINDOW_SECONDS)
        if not allowance.allowed:
            raise RateLimitedError(
                f"At most {limit} messages a second are allowed.", retry_after=allowance.reset_seconds
            )

    def _handle(self, connection: Connection, text: str) -> None:
        match parse_frame(text):
            case NewMessage() as message:
                self._begin(connection, message)
            case Resume() as resume:
                turn = self._turn(connection, resume.message_id)
                self._join(connection, turn, resume.after_index, resume.attempt)
            case Stop() as stop:
                turn = self._turn(connection, stop.message_id)
                self._engine.stop(connection.tenant_id, connection.chat_id, turn)
            case Ping():
                self._post(connection.id, events.pong(now=self._clock.now()))

    def _begin(self, connection: Connection, sent: NewMessage) -> None:
        command = BeginTurn(
            tenant_id=connection.tenant_id,
            conversation_id=connection.chat_id,
            content=sent.content,
            metadata=sent.metadata or {},
            idempotency_key=sent.client_message_id,
            connection_id=connection.id,
        )
        begun = self._engine.begin(command)
        receipt = events.message_received(
            begun.message, connection.chat_id, sent.client_message_id, now=self._clock.now()
        )
        self._post(connection.id, receipt)
        if connection.id in begun.turn.listeners and not begun.turn.state.ended:
            self._wake(command, begun)
        else:
            # A repeat, over another connection or after the end: its sender may never have seen the reply.
            self._join(connection, begun.turn, -1, None)

    def _wake(self, command: BeginTurn, begun: BegunTurn) -> None:
        try:
            self._engine.wake(command, begun)
        except UnavailableError:
            # The message is stored and its watchdog is under way: the reply will come, only later.
            logger.warning("wake-up not sent", turn_id=begun.turn.id)

    def _turn(self, connection: Connection, reply_id: str) -> Turn:
        if self._conversations.get(connection.tenant_id, connection.chat_id) is None:
            raise NotFoundError("chat")
        return self._engine.turn_of_reply(connection.tenant_id, connection.chat_id, reply_id)

    def _join(self, connection: Connection, turn: Turn, after_index: int, attempt: int | None) -> None:
        """Have a live turn told to the connection; of an ended one it is told the end."""
        listener = Listener(after_index=after_index, attempt=attempt, nonce=self._ids.random())
        heard = self._engine.listen(connection.tenant_id, connection.chat_id, turn, connection.id, listener)
        if heard.state.ended:
            self._tell_end(connection, heard)

    def _tell_end(self, connection: Connection, turn: Turn) -> None:
        now = self._clock.now()
        if turn.state is TurnState.FAILED:
            self._post(connection.id, events.turn_failed(turn, turn.failure or _FAILED, now=now))
            return
        reply = self._engine.reply(connection.tenant_id, connection.chat_id, turn)
        if reply is None:
            raise NotFoundError("message")
        self._post(connection.id, events.stream_ended(reply, connection.chat_id, now=now))

    def _refuse(self, connection_id: str, error: Exception) -> None:
        problem = event_problem_of(error)
        frame = events.error(problem.code, problem.message, problem.details, now=self._clock.now())
        self._post(connection_id, frame)

    def _post(self, connection_id: str, frame: bytes) -> None:
        """Post, or leave it: what matters is stored, and a client that comes back can ask for it."""
        try:
            post_patiently(self._management, connection_id, frame, self._clock)
        except GoneError:
            self._store.disconnect(connection_id)
        except PostFailedError as error:
            logger.warning("frame dropped", error=str(error))

    def _end(self, connection_id: str) -> None:
        self._store.disconnect(connection_id)
        try:
            self._management.close(connection_id)
        except PostFailedError as error:
            logger.warning("connection not closed", error=str(error))
