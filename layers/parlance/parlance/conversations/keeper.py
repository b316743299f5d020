"""Keeps an attempt alive while its model works: beats, token batches, lease renewals, all on a thread of its own."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from parlance.clock import Clock
from parlance.conversations.log import Abandoned, TurnLog
from parlance.conversations.model import Claim, TokenBatch, Turn
from parlance.conversations.port import LeaseLostError, TurnStore
from parlance.conversations.timing import Timing
from parlance.logs import logger
from parlance.storage.table import ContendedError, UnansweredError


class Keeper:
    """A context manager around one attempt. A storage call that fails is made again at the next beat or renewal."""

    def __init__(
        self,
        claim: Claim,
        log: TurnLog,
        *,
        store: TurnStore,
        clock: Clock,
        timing: Timing,
        stop: Callable[[], None],
        heard_by: Callable[[Turn], None],
    ) -> None:
        self._claim = claim
        self._log = log
        self._store = store
        self._clock = clock
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
        self._beat_at, self._renew_at = now + self._timing.beat_every, now + self._timing.renew_every
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
        while not self._over.wait(self._timing.tick):
            if self.lease_lost:
                self._give_up()
                return
            now = self._clock.monotonic()
            if now >= self._renew_at:
                self._renew_at = now + self._timing.renew_every
                self._try(self._renew)
            if now >= self._beat_at:
                self._beat_at = now + self._timing.beat_every
                self._try(self._beat)

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except (ContendedError, UnansweredError) as error:
            logger.warning("keeper will try again", turn_id=self._claim.turn.id, error=type(error).__name__)
        except LeaseLostError:
            # A finished turn refuses beats too; then the attempt is over, not lost.
            if not self._over.is_set() and self._keeps_tokens:
                self._lost.set()

    def _renew(self) -> None:
        until = self._clock.now() + self._timing.lease_ms
        self._store.renew(self._claim, until=until)
        self._lease_until = until
        self._log.extend_lease(until)

    def _beat(self) -> None:
        turn = self._store.beat(self._claim, now=self._clock.now())
        if turn.stop_requested and not self.stop_seen:
            self.stop_seen = True
            self._stop()
        self._heard_by(turn)
        with self._tokens_lock:
            if self._keeps_tokens:
                self._keep_tokens()

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
