"""From an API key to the principal behind it."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from parlance.clock import Clock
from parlance.errors import UnauthenticatedError
from parlance.identity.keys import hash_of
from parlance.identity.model import Principal
from parlance.identity.port import KeyLookup

_REFUSAL = "The API key is not valid."


@dataclass(frozen=True, slots=True)
class _Answer:
    principal: Principal
    until: float


class Authenticator:
    """Knows callers by their API key and remembers each for `ttl` seconds, so a revoked key works that long at most.

    Only good answers are remembered, at most `capacity` of them, under the key's hash. Thread-safe.
    """

    def __init__(self, store: KeyLookup, clock: Clock, *, ttl: float = 60, capacity: int = 1000) -> None:
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._capacity = capacity
        self._known: OrderedDict[str, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(self, key: str | None) -> Principal:
        """Raises UnauthenticatedError for a key that is missing, malformed, unknown or revoked."""
        if not key:
            raise UnauthenticatedError("An API key is required.")
        return self.authenticate_hash(hash_of(key))

    def authenticate_hash(self, key_hash: str) -> Principal:
        """The same for a key whose hash was kept, as every connection keeps it."""
        asked_at = self._clock.monotonic()
        with self._lock:
            known = self._known.get(key_hash)
        if known and asked_at < known.until:
            return known.principal
        principal = self._look_up(key_hash)
        # Counted from before the reading: a key revoked meanwhile must not gain the time that it took.
        self._remember(key_hash, _Answer(principal, asked_at + self._ttl))
        return principal

    def _look_up(self, key_hash: str) -> Principal:
        key = self._store.find_key(key_hash)
        tenant = self._store.tenant(key.tenant_id) if key and key.revoked_at is None else None
        if key is None or tenant is None:
            self._forget(key_hash)
            raise UnauthenticatedError(_REFUSAL)
        return Principal(tenant.id, key.id, key_hash, tenant.limits)

    def _remember(self, key_hash: str, answer: _Answer) -> None:
        with self._lock:
            self._known[key_hash] = answer
            self._known.move_to_end(key_hash)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)

    def _forget(self, key_hash: str) -> None:
        with self._lock:
            self._known.pop(key_hash, None)
