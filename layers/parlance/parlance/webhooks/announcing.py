"""From the ends of attempts, which are stored with them, to one delivery for each webhook that wants to know."""

from parlance.clock import Clock
from parlance.knowledge.cache import TimedCache
from parlance.webhooks.model import Webhook, turn_event
from parlance.webhooks.port import Deliveries, NewsStand, WebhookStore

_MAX_AGE = 60.0


class TurnNews:
    """`parlance.conversations.collaborators.News`. Thread-safe. Webhooks are read at most once a minute.

    What is put into the queue is forgotten only then: a delivery may be queued twice, under one id, but not lost.
    """

    def __init__(
        self, webhooks: WebhookStore, stand: NewsStand, deliveries: Deliveries, *, clock: Clock, ttl: float = _MAX_AGE
    ) -> None:
        self._stand = stand
        self._deliveries = deliveries
        self._known = TimedCache[str, list[Webhook]](webhooks.of_tenant, clock, ttl=ttl, size=1_000)

    def wanted(self, tenant_id: str) -> bool:
        return any(webhook.disabled_at is None for webhook in self._known.get(tenant_id))

    def tell(self, tenant_id: str, conversation_id: str) -> None:
        """Raises ContendedError, UnansweredError, UnavailableError."""
        for news in self._stand.news(tenant_id, conversation_id):
            event = turn_event(tenant_id, conversation_id, news)
            for webhook in self._known.get(tenant_id):
                if webhook.wants(event.type):
                    self._deliveries.deliver(tenant_id, webhook.id, event)
            self._stand.forget_news(tenant_id, conversation_id, news.sequence)
