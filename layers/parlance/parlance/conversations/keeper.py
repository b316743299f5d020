"""Keeps an attempt alive while its model works, on a thread of its own.

It looks at the turn on a fixed cadence, to see a stop and who is listening; the look that falls due with the lease is
its renewal, which sees a stop as well. Tokens since the last look are kept after it.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from parlance.clock import Clock
from parlance.conversations.log import Abandoned, TurnLog
from parlance.conversations.model import Claim, TokenBatch, Turn
from parlance.conversations.port import LeaseLostError, TurnStore
from parlance.conversations.timing import Timing
from parlance.ids import IdSource
from parlance.logs import logger
from parlance.storage.table import ContendedError, UnansweredError


class Keeper:
    """A context manager around one attempt. A storage call that fails is made again at the next look."""

    def __init__(
        self,
        claim: Claim,
        log: TurnLog,
        *,
        store: TurnStore,
        clock: Clock,
        ids: IdSource,
        timing: Timing,
        stop: Callable[[], None],
        heard_by: Callable[[Turn], None],
    ) -> None:
        self._claim = claim
        self._log = log
        self._store = store
        self._clock = clock
        self._ids = ids
        self._timing = timing
        self._stop = stop
        self._heard_by = heard_by
        self._kept = -1
        self._lease_until = claim.lease.until
        self._lost = threading.Event()
        self._over = threading.Event()
        self._tokens_lock = threading.Lock()
        self._keeps_tokens = True
        self._thread = threading.Thread(target=self._keep, name="turn-keeper", daemon=True)
        self.stop_seen = False

    def __enter__(self) -> Self:
        # From now, not from when the thread is first given time.
        now = self._clock.monotonic()
        self._look_at, self._renew_at = now + self._timing.look_every, now + self._timing.renew_every
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def lease_lost(self) -> bool:
        """True for good once the lease has run out on this machine's clock: it is not renewed after that."""
        if self._clock.now() >= self._lease_until:
            self._lost.set()
        return self._lost.is_set()

    def stop_keeping_tokens(self) -> None:
        """After this returns no token batch is written any more: the reply itself is about to be."""
        with self._tokens_lock:
            self._keeps_tokens = False

    def _keep(self) -> None:
        while not self._over.wait(self._pause()):
            if self.lease_lost:
                self._give_up()
                return
            if self._clock.monotonic() >= self._look_at:
                self._look_at = self._next_look()
                self._try(self._look)

    def _pause(self) -> float:
        """Until the next look to the moment; a clock that a test moves is asked every tick."""
        return max(0.0, min(self._timing.tick, self._look_at - self._clock.monotonic()))

    def _next_look(self) -> float:
        """Looks that were missed are not made up for."""
        due = self._look_at + self._timing.look_every
        now = self._clock.monotonic()
        return due if due > now else now + self._timing.look_every

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except (ContendedError, UnansweredError) as error:
            logger.warning("keeper will try again", turn_id=self._claim.turn.id, error=type(error).__name__)
        except LeaseLostError:
            # A finished turn refuses to be looked at, too; then the attempt is over, not lost.
            if not self._over.is_set() and self._keeps_tokens:
                self._lost.set()

    def _look(self) -> None:
        if self._clock.monotonic() + self._timing.look_every / 2 >= self._renew_at:
            stopped = not self._renew()
        else:
            turn = self._store.look(self._claim)
            self._heard_by(turn)
            stopped = turn.stop_requested
        if stopped and not self.stop_seen:
            self.stop_seen = True
            self._stop()
        with self._tokens_lock:
            if self._keeps_tokens:
                self._keep_tokens()

    def _renew(self) -> bool:
        """False when the turn is asked to stop; what is left of the lease has to do for its end then."""
        until = self._clock.now() + self._timing.lease_ms
        if not self._store.renew(self._claim, until=until, token=self._ids.random()):
            return False
        self._renew_at = self._clock.monotonic() + self._timing.renew_every
        self._lease_until = until
        self._log.extend_lease(until)
        return True

    def _keep_tokens(self) -> None:
        fresh = self._log.tokens_after(self._kept)
        if fresh:
            batch = TokenBatch(self._kept + 1, tuple(fresh))
            expires_at = self._clock.now() + int(self._timing.tokens_kept * 1000)
            self._store.put_tokens(self._claim, batch, expires_at=expires_at)
            self._kept += len(fresh)

    def _give_up(self) -> None:
        self._stop()
        self._log.end(Abandoned(self._claim.turn))
