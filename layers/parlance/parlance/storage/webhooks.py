"""Webhooks in the Conversations table, in one partition for each tenant. Their secrets lie elsewhere."""

from contextlib import suppress

from parlance.errors import ConflictError
from parlance.storage import keys
from parlance.storage.table import ConditionFailedError, Delete, Item, Put, Table, Update
from parlance.webhooks.model import Webhook


class DynamoWebhookStore:
    """`parlance.webhooks.port.WebhookStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, webhook: Webhook) -> None:
        try:
            self._table.put(Put(_item(webhook), when="attribute_not_exists(pk)"))
        except ConditionFailedError as error:
            raise ConflictError("There is a webhook of that id.", details={"webhook_id": webhook.id}) from error

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        item = self._table.get(keys.webhook(tenant_id, webhook_id))
        return _webhook(item) if item else None

    def of_tenant(self, tenant_id: str) -> list[Webhook]:
        stored = self._table.query_all(keys.webhooks_pk(tenant_id), first="webhook#", last=f"webhook#{keys.HIGHEST}")
        return [_webhook(item) for item in stored]

    def disable(self, tenant_id: str, webhook_id: str, *, now: int, because: str) -> None:
        with suppress(ConditionFailedError):
            self._table.update(
                Update(
                    keys.webhook(tenant_id, webhook_id),
                    "SET disabled_at = :now, disabled_because = :because",
                    when="attribute_exists(pk) AND attribute_not_exists(disabled_at)",
                    values={"now": now, "because": because},
                )
            )

    def enable(self, tenant_id: str, webhook_id: str) -> bool:
        key = keys.webhook(tenant_id, webhook_id)
        try:
            self._table.update(Update(key, "REMOVE disabled_at, disabled_because", when="attribute_exists(pk)"))
        except ConditionFailedError:
            return False
        return True

    def remove(self, tenant_id: str, webhook_id: str) -> bool:
        return self._table.delete(Delete(keys.webhook(tenant_id, webhook_id))) is not None


def _item(webhook: Webhook) -> Item:
    key = keys.webhook(webhook.tenant_id, webhook.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": webhook.tenant_id,
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "created_at": webhook.created_at,
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because,
    }


def _webhook(item: Item) -> Webhook:
    return Webhook(
        tenant_id=item["tenant_id"],
        id=item["id"],
        url=item["url"],
        events=frozenset(item["events"]),
        created_at=item["created_at"],
        disabled_at=item.get("disabled_at"),
        disabled_because=item.get("disabled_because"),
    )
