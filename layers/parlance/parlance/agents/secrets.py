"""Secrets that agents and abilities name: kept in a store of their own, never in an item of a table, never logged."""

import re
from typing import Protocol

from parlance.clock import Clock
from parlance.errors import ParlanceError
from parlance.knowledge.cache import TimedCache

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z", re.ASCII)
_MAX_AGE = 300.0


class SecretMissingError(ParlanceError):
    """There is no secret of that name in the tenant's part of the store."""

    def __init__(self, name: str) -> None:
        super().__init__("There is no such secret", details={"secret": name[:64]})


class Secrets(Protocol):
    """A tenant's secrets by name."""

    def get(self, tenant_id: str, name: str) -> str:
        """Raises SecretMissingError."""
        ...


class SecretStore(Secrets, Protocol):
    """For operators, who set secrets and never read them back."""

    def set(self, tenant_id: str, name: str, secret: str) -> None:
        """Make it, or replace it. Raises SecretMissingError for a name that cannot be one."""
        ...

    def remove(self, tenant_id: str, name: str) -> None:
        """For good and at once. Raises SecretMissingError."""
        ...

    def names(self, tenant_id: str) -> list[str]:
        """In their order."""
        ...


class CachedSecrets:
    """Secrets that asks again after five minutes, so one that was changed is used soon. Thread-safe."""

    def __init__(self, store: Secrets, clock: Clock) -> None:
        self._cache = TimedCache[tuple[str, str], str](lambda key: store.get(*key), clock, ttl=_MAX_AGE, size=1_000)

    def get(self, tenant_id: str, name: str) -> str:
        """Raises SecretMissingError, also for a name that cannot be one, without asking the store."""
        if not NAME.match(name):
            raise SecretMissingError(name)
        return self._cache.get((tenant_id, name))
