"""Webhooks, their secrets and their queue in memory."""

from dataclasses import replace

from parlance.agents.secrets import SecretMissingError
from parlance.errors import ConflictError
from parlance.webhooks.model import Event, Webhook


class MemoryWebhookStore:
    """`parlance.webhooks.port.WebhookStore`."""

    def __init__(self, *webhooks: Webhook) -> None:
        self._webhooks = {(webhook.tenant_id, webhook.id): webhook for webhook in webhooks}

    def create(self, webhook: Webhook) -> None:
        if (webhook.tenant_id, webhook.id) in self._webhooks:
            raise ConflictError("There is a webhook of that id.")
        self._webhooks[webhook.tenant_id, webhook.id] = webhook

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        return self._webhooks.get((tenant_id, webhook_id))

    def of_tenant(self, tenant_id: str) -> list[Webhook]:
        return [self._webhooks[key] for key in sorted(self._webhooks) if key[0] == tenant_id]

    def disable(self, tenant_id: str, webhook_id: str, *, now: int, because: str) -> None:
        webhook = self.get(tenant_id, webhook_id)
        if webhook is not None and webhook.disabled_at is None:
            self._webhooks[tenant_id, webhook_id] = replace(webhook, disabled_at=now, disabled_because=because)

    def enable(self, tenant_id: str, webhook_id: str) -> bool:
        webhook = self.get(tenant_id, webhook_id)
        if webhook is not None:
            self._webhooks[tenant_id, webhook_id] = replace(webhook, disabled_at=None, disabled_because=None)
        return webhook is not None

    def remove(self, tenant_id: str, webhook_id: str) -> bool:
        return self._webhooks.pop((tenant_id, webhook_id), None) is not None


class MemorySecrets:
    """`parlance.agents.secrets.Secrets`, and what an operator does to them."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}

    def get(self, tenant_id: str, name: str) -> str:
        if (tenant_id, name) not in self.known:
            raise SecretMissingError(name)
        return self.known[tenant_id, name]

    def set(self, tenant_id: str, name: str, secret: str) -> None:
        self.known[tenant_id, name] = secret

    def remove(self, tenant_id: str, name: str) -> None:
        del self.known[tenant_id, name]


class QueuedDeliveries:
    """Remembers deliveries instead of sending them."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, str, Event]] = []

    def deliver(self, tenant_id: str, webhook_id: str, event: Event) -> None:
        self.queued.append((tenant_id, webhook_id, event))
