"""For how long a tenant keeps what is said in its conversations."""

from dataclasses import dataclass

from parlance.errors import InvalidInputError
from parlance.privacy.port import Census, RetentionStore

DAYS_MAX = 3_650


@dataclass(frozen=True, slots=True)
class Applied:
    """How many conversations and items there were that a new retention changed."""

    conversations: int
    items: int


class Retention:
    """Sets it. Conversations that begin later take it up by themselves; those that are there are changed here."""

    def __init__(self, store: RetentionStore, census: Census) -> None:
        self._store = store
        self._census = census

    def days(self, tenant_id: str) -> int | None:
        return self._store.days(tenant_id)

    def set(self, tenant_id: str, days: int | None) -> Applied:
        """None keeps everything from now on. Raises InvalidInputError."""
        if days is not None and not 1 <= days <= DAYS_MAX:
            raise InvalidInputError(f"Messages are kept for 1 to {DAYS_MAX} days.", details={"maximum": DAYS_MAX})
        # First, so that no conversation is created in between that knows nothing of it.
        self._store.set_days(tenant_id, days)
        items = [self._census.keep_for(one, days) for one in self._census.conversations(tenant_id)]
        return Applied(len(items), sum(items))
