"""Webhooks in a dictionary. The storage rung runs one suite on this and on the table."""

from collections.abc import Sequence
from dataclasses import replace

from parlance.errors import NotFoundError
from parlance.webhooks.model import Webhook


class MemoryWebhooks:
    def __init__(self) -> None:
        self._webhooks: dict[tuple[str, str], Webhook] = {}
        self.reads = 0

    def put(self, webhook: Webhook) -> None:
        self._webhooks[webhook.tenant_id, webhook.id] = webhook

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        return self._webhooks.get((tenant_id, webhook_id))

    def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        self.reads += 1
        return [self._webhooks[key] for key in sorted(self._webhooks) if key[0] == tenant_id]

    def disable(self, tenant_id: str, webhook_id: str, *, now: int) -> None:
        found = self._webhooks.get((tenant_id, webhook_id))
        if found:
            self._webhooks[tenant_id, webhook_id] = replace(found, disabled_at=now)

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        if self._webhooks.pop((tenant_id, webhook_id), None) is None:
            raise NotFoundError("webhook")
