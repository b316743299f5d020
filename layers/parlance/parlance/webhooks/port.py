"""What webhooks need from storage and from the queue."""

from collections.abc import Sequence
from typing import Protocol

from parlance.conversations.model import News
from parlance.webhooks.model import Event, Webhook


class WebhookStore(Protocol):
    """A tenant's webhooks."""

    def create(self, webhook: Webhook) -> None:
        """Raises ConflictError if the id is taken."""
        ...

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None: ...

    def of_tenant(self, tenant_id: str) -> list[Webhook]:
        """In the order of their ids."""
        ...

    def disable(self, tenant_id: str, webhook_id: str, *, now: int, because: str) -> None:
        """Send nothing more to it. Nothing happens when it is gone or disabled already."""
        ...

    def enable(self, tenant_id: str, webhook_id: str) -> bool:
        """Send to it again. False where there is none."""
        ...

    def remove(self, tenant_id: str, webhook_id: str) -> bool:
        """False where there was none."""
        ...


class Deliveries(Protocol):
    """The queue of what is to be sent."""

    def deliver(self, tenant_id: str, webhook_id: str, event: Event) -> None:
        """Raises UnavailableError."""
        ...


class NewsStand(Protocol):
    """The part of the turn store that keeps the ends of attempts until they are passed on."""

    def news(self, tenant_id: str, conversation_id: str) -> Sequence[News]: ...

    def forget_news(self, tenant_id: str, conversation_id: str, sequence: int) -> None: ...
