"""One contract for webhooks on the table and in memory."""

from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.errors import NotFoundError
from parlance.storage.webhooks import WebhookRepository
from parlance.webhooks.model import EVENTS, Webhook, WebhookStore
from tests.fakes.webhooks import MemoryWebhooks

pytestmark = pytest.mark.storage


@pytest.fixture(params=["table", "memory"])
def store(request: pytest.FixtureRequest) -> WebhookStore:
    return MemoryWebhooks() if request.param == "memory" else WebhookRepository(request.getfixturevalue("table"))


@pytest.fixture
def webhook(store: WebhookStore) -> Webhook:
    made = Webhook(f"tenant-{uuid4().hex}", "wh_b", "https://example.com/hook", tuple(EVENTS), 1)
    store.put(made)
    return made


def test_a_webhook_reads_back_and_is_replaced(store: WebhookStore, webhook: Webhook) -> None:
    assert store.get(webhook.tenant_id, webhook.id) == webhook
    changed = replace(webhook, events=("turn.failed",))
    store.put(changed)
    assert store.get(webhook.tenant_id, webhook.id) == changed


def test_webhooks_of_a_tenant_come_in_order_and_no_others(store: WebhookStore, webhook: Webhook) -> None:
    first = replace(webhook, id="wh_a")
    store.put(first)
    assert store.of_tenant(webhook.tenant_id) == [first, webhook]
    assert store.of_tenant("another-tenant") == []
    assert store.get("another-tenant", webhook.id) is None


def test_a_webhook_is_disabled(store: WebhookStore, webhook: Webhook) -> None:
    store.disable(webhook.tenant_id, webhook.id, now=7)
    assert store.get(webhook.tenant_id, webhook.id) == replace(webhook, disabled_at=7)


def test_what_was_removed_stays_removed(store: WebhookStore, webhook: Webhook) -> None:
    store.remove(webhook.tenant_id, webhook.id)
    store.disable(webhook.tenant_id, webhook.id, now=7)
    assert store.get(webhook.tenant_id, webhook.id) is None
    with pytest.raises(NotFoundError):
        store.remove(webhook.tenant_id, webhook.id)
