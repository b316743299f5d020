"""Telling the webhooks queue that turns end, for the tenants that have webhooks."""

from collections.abc import Sequence
from typing import Protocol

from parlance.clock import Clock
from parlance.errors import UnavailableError
from parlance.knowledge.cache import TimedCache
from parlance.logs import logger
from parlance.storage.table import StorageError
from parlance.webhooks.messages import TurnEnding
from parlance.webhooks.model import Webhook, WebhookReader

_MAX_AGE = 60.0
_FIRST_LOOK_SECONDS = 2


class Sending(Protocol):
    """A queue."""

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Raises UnavailableError."""
        ...


class QueuedNotices:
    """`parlance.conversations.collaborators.Notices`. Costs a tenant without webhooks one read a minute."""

    def __init__(self, webhooks: WebhookReader, queue: Sending, clock: Clock) -> None:
        self._cache = TimedCache[str, Sequence[Webhook]](webhooks.of_tenant, clock, ttl=_MAX_AGE, size=1_000)
        self._queue = queue

    def turn_ends(self, tenant_id: str, conversation_id: str, turn_number: int) -> None:
        """A table or a queue that does not answer must not cost a user the reply."""
        body = TurnEnding(tenant_id=tenant_id, conversation_id=conversation_id, turn_number=turn_number)
        try:
            if any(webhook.disabled_at is None for webhook in self._cache.get(tenant_id)):
                self._queue.send(body.model_dump_json(), delay_seconds=_FIRST_LOOK_SECONDS)
        except (StorageError, UnavailableError):
            logger.error("a turn's end was not told", conversation_id=conversation_id, turn_number=turn_number)
