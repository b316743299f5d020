"""The first words on a new connection.

They are said by a worker: a connection cannot be written to before its `$connect` has returned. That may still be a
moment away when the worker comes, so a connection that seems gone is tried again for a few seconds.
"""

from parlance.clock import Clock
from parlance.logs import logger
from parlance.realtime import events
from parlance.realtime.messages import Greeting
from parlance.realtime.port import ConnectionStore, GoneError, Management, PostFailedError
from parlance.realtime.posting import post_patiently

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)


class Greeter:
    """Greets connections; one that stays gone is forgotten, with its slot."""

    def __init__(self, management: Management, store: ConnectionStore, clock: Clock) -> None:
        self._management = management
        self._store = store
        self._clock = clock

    def greet(self, greeting: Greeting) -> None:
        now = self._clock.now()
        try:
            self._post_when_open(greeting.connection_id, events.connection_established(greeting, now=now))
            if greeting.first_ever:
                post_patiently(
                    self._management,
                    greeting.connection_id,
                    events.user_created(greeting.user_id, now=now),
                    self._clock,
                )
        except GoneError:
            self._store.disconnect(greeting.connection_id)
        except PostFailedError as error:
            logger.warning("greeting dropped", error=str(error))

    def _post_when_open(self, connection_id: str, frame: bytes) -> None:
        for pause in _PAUSES:
            try:
                post_patiently(self._management, connection_id, frame, self._clock)
            except GoneError:
                self._clock.sleep(pause)
                continue
            return
        post_patiently(self._management, connection_id, frame, self._clock)
