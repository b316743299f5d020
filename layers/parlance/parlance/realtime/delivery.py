"""Tells a turn's tokens to the connections that listen.

Each connection has a thread and a place in the turn's log of its own, and is sent one frame at a time: a slow or dead
one holds up neither the model nor the others.
"""

import threading

from parlance.clock import Clock
from parlance.conversations.log import Abandoned, End, Ended, Token, TurnFailed, TurnLog
from parlance.conversations.model import Claim, Listener, Turn
from parlance.logs import logger
from parlance.realtime import events
from parlance.realtime.port import ConnectionStore, GoneError, Management, PostFailedError
from parlance.realtime.posting import post_patiently

_LOOK_EVERY = 0.5


class WebSocketAudience:
    """`parlance.conversations.collaborators.Audience` for WebSocket connections."""

    def __init__(self, management: Management, store: ConnectionStore, clock: Clock) -> None:
        self._management = management
        self._store = store
        self._clock = clock

    def open(self, claim: Claim, log: TurnLog) -> "WebSocketBroadcast":
        broadcast = WebSocketBroadcast(
            log, claim.conversation.id, management=self._management, store=self._store, clock=self._clock
        )
        broadcast.heard_by(claim.turn)
        return broadcast


class WebSocketBroadcast:
    """One attempt, told to everybody who listens to it."""

    def __init__(
        self, log: TurnLog, chat_id: str, *, management: Management, store: ConnectionStore, clock: Clock
    ) -> None:
        self._log = log
        self._chat_id = chat_id
        self._management = management
        self._store = store
        self._clock = clock
        self._tellers: dict[str, _Teller] = {}
        self._served: set[str] = set()
        self._lock = threading.Lock()

    def heard_by(self, turn: Turn) -> None:
        with self._lock:
            for connection_id, listener in turn.listeners.items():
                if listener.nonce not in self._served:
                    self._served.add(listener.nonce)
                    self._tell(connection_id, listener)

    def close(self, *, timeout_seconds: float) -> None:
        until = self._clock.monotonic() + timeout_seconds
        with self._lock:
            tellers = list(self._tellers.values())
        for teller in tellers:
            teller.join(max(0.0, until - self._clock.monotonic()))
            teller.give_up()

    def _tell(self, connection_id: str, listener: Listener) -> None:
        current = self._tellers.get(connection_id)
        if current and current.turn_to(listener):
            return
        teller = _Teller(
            connection_id,
            listener,
            self._log,
            self._chat_id,
            management=self._management,
            store=self._store,
            clock=self._clock,
        )
        self._tellers[connection_id] = teller
        teller.start()


class _Teller(threading.Thread):
    """Tells one connection. A later request of the same connection moves its place; it never gets a second thread."""

    def __init__(
        self,
        connection_id: str,
        listener: Listener,
        log: TurnLog,
        chat_id: str,
        *,
        management: Management,
        store: ConnectionStore,
        clock: Clock,
    ) -> None:
        super().__init__(name="turn-teller", daemon=True)
        self._connection_id = connection_id
        self._log = log
        self._chat_id = chat_id
        self._management = management
        self._store = store
        self._clock = clock
        self._next: Listener | None = listener
        self._finished = False
        self._given_up = threading.Event()
        self._lock = threading.Lock()

    def turn_to(self, listener: Listener) -> bool:
        """Go on from where this request wants it. False when the thread has already ended."""
        with self._lock:
            if not self._finished:
                self._next = listener
            return not self._finished

    def give_up(self) -> None:
        self._given_up.set()

    def run(self) -> None:
        try:
            while listener := self._take():
                self._tell(listener)
        except GoneError:
            self._forget()
        except Exception as error:  # noqa: BLE001 - a thread's entry point: one listener's fault ends its thread only
            logger.error("telling a listener failed", error=type(error).__name__)
        finally:
            with self._lock:
                self._finished = True

    def _take(self) -> Listener | None:
        """The request to serve next; None ends the thread, for good once seen."""
        with self._lock:
            listener, self._next = self._next, None
            self._finished = listener is None
            return listener

    @property
    def _interrupted(self) -> bool:
        return self._next is not None or self._given_up.is_set()

    def _tell(self, listener: Listener) -> None:
        place = self._begin(listener)
        keeps_up = True
        while not self._interrupted:
            tokens, end = self._log.wait(place, timeout_seconds=_LOOK_EVERY)
            keeps_up = keeps_up and self._send_tokens(tokens)
            place += len(tokens)
            if end is not None and not self._interrupted:
                self._send_end(end)
                return

    def _begin(self, listener: Listener) -> int:
        """The index after which to go on. Whoever knows nothing of this attempt is told first that it began."""
        attempt = self._log.turn.attempt
        same = listener.attempt == attempt or (listener.attempt is None and attempt == 1)
        if same and listener.after_index >= 0:
            return listener.after_index
        self._post(events.stream_started(self._log.turn, self._chat_id, now=self._clock.now()))
        return -1

    def _send_tokens(self, tokens: list[Token]) -> bool:
        """False once a token could not be sent: those after it would leave a gap, so only the end is worth telling."""
        for token in tokens:
            if self._interrupted:
                return True
            frame = events.stream_token(self._log.turn, token.text, token.index, now=self._clock.now())
            if not self._post(frame):
                return False
        return True

    def _send_end(self, end: End) -> None:
        now = self._clock.now()
        match end:
            case Ended(_, reply, _):
                self._post(events.stream_ended(reply, self._chat_id, now=now))
            case TurnFailed(turn, failure):
                self._post(events.turn_failed(turn, failure, now=now))
            case Abandoned():
                pass

    def _post(self, frame: bytes) -> bool:
        try:
            post_patiently(self._management, self._connection_id, frame, self._clock)
        except PostFailedError as error:
            logger.warning("frame dropped", error=str(error))
            return False
        return True

    def _forget(self) -> None:
        """The connection is gone: it is forgotten, and nobody else is the worse for it."""
        try:
            self._store.disconnect(self._connection_id)
        except Exception as error:  # noqa: BLE001 - a thread's last act; the slot is found free later anyway
            logger.warning("gone connection not forgotten", error=type(error).__name__)
