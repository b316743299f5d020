"""Webhooks in the Conversations table."""

from collections.abc import Sequence

from parlance.errors import NotFoundError
from parlance.storage import keys
from parlance.storage.table import ConditionFailedError, Delete, Item, Put, Table, Update
from parlance.webhooks.model import Webhook


class WebhookRepository:
    """The WebhookStore on a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, webhook: Webhook) -> None:
        self._table.put(Put(_item(webhook)))

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None:
        item = self._table.get(keys.webhook(tenant_id, webhook_id))
        return _webhook(item) if item else None

    def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        first, last = keys.webhook(tenant_id, "").sk, keys.webhook(tenant_id, keys.HIGHEST).sk
        return [_webhook(item) for item in self._table.query_all(keys.webhooks_pk(tenant_id), first=first, last=last)]

    def disable(self, tenant_id: str, webhook_id: str, *, now: int) -> None:
        where = keys.webhook(tenant_id, webhook_id)
        try:
            self._table.update(
                Update(where, "SET disabled_at = :now", when="attribute_exists(pk)", values={"now": now})
            )
        except ConditionFailedError:
            return

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        try:
            self._table.delete(Delete(keys.webhook(tenant_id, webhook_id), when="attribute_exists(pk)"))
        except ConditionFailedError as error:
            raise NotFoundError("webhook") from error


def _item(webhook: Webhook) -> Item:
    key = keys.webhook(webhook.tenant_id, webhook.id)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": webhook.tenant_id,
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": webhook.created_at,
        "disabled_at": webhook.disabled_at,
    }


def _webhook(item: Item) -> Webhook:
    return Webhook(
        tenant_id=item["tenant_id"],
        id=item["id"],
        url=item["url"],
        events=tuple(item["events"]),
        created_at=item["created_at"],
        disabled_at=item.get("disabled_at"),
    )
