"""Webhooks in every implementation."""

from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.errors import ConflictError
from parlance.storage.webhooks import DynamoWebhookStore
from parlance.webhooks.model import Webhook
from parlance.webhooks.port import WebhookStore
from tests.fakes.webhooks import MemoryWebhookStore


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.storage)])
def store(request: pytest.FixtureRequest) -> WebhookStore:
    if request.param == "memory":
        return MemoryWebhookStore()
    return DynamoWebhookStore(request.getfixturevalue("table"))


@pytest.fixture
def webhook(store: WebhookStore) -> Webhook:
    made = Webhook(f"tenant-{uuid4().hex}", "b", "https://example.com/hook", frozenset({"turn.done"}), 7)
    store.create(made)
    return made


def test_a_webhook_reads_back_for_its_tenant_alone(store: WebhookStore, webhook: Webhook) -> None:
    assert store.get(webhook.tenant_id, "b") == webhook
    assert store.get("another-tenant", "b") is None
    assert store.of_tenant("another-tenant") == []


def test_webhooks_come_in_the_order_of_their_ids(store: WebhookStore, webhook: Webhook) -> None:
    first = replace(webhook, id="a")
    store.create(first)
    assert store.of_tenant(webhook.tenant_id) == [first, webhook]


def test_an_id_is_taken_once(store: WebhookStore, webhook: Webhook) -> None:
    with pytest.raises(ConflictError):
        store.create(replace(webhook, url="https://example.com/other"))
    assert store.get(webhook.tenant_id, "b") == webhook


def test_the_first_reason_for_disabling_stays(store: WebhookStore, webhook: Webhook) -> None:
    store.disable(webhook.tenant_id, "b", now=8, because="gone")
    store.disable(webhook.tenant_id, "b", now=9, because="again")
    assert store.get(webhook.tenant_id, "b") == replace(webhook, disabled_at=8, disabled_because="gone")


def test_disabling_what_is_not_there_makes_nothing(store: WebhookStore, webhook: Webhook) -> None:
    store.disable(webhook.tenant_id, "x", now=8, because="gone")
    assert store.get(webhook.tenant_id, "x") is None


def test_a_webhook_is_removed_once(store: WebhookStore, webhook: Webhook) -> None:
    assert store.remove(webhook.tenant_id, "b")
    assert not store.remove(webhook.tenant_id, "b")
    assert store.of_tenant(webhook.tenant_id) == []
