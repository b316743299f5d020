"""What a worker does with a delivery from the queue: sends it, or says when to try again."""

from typing import Protocol

from parlance.agents.secrets import SecretMissingError, Secrets
from parlance.clock import Clock
from parlance.logs import logger
from parlance.webhooks.model import Event
from parlance.webhooks.port import WebhookStore
from parlance.webhooks.sending import Accepted, Gone, Refused, Sent

PAUSES = (5, 60, 300, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800)
"""Seconds before the 2nd, 3rd … attempt; after the last one the queue files the delivery among its dead letters."""

_PAUSE_MAX = 12 * 3600 - 120
"""The queue holds a message back for 12 hours at the most, counted from when it was received."""


class Posts(Protocol):
    """Hands an event to a receiver."""

    def send(self, url: str, secret: str, event: Event) -> Sent: ...


class Deliverer:
    """Delivers at least once. Says how long to wait before the next attempt, None when there is to be none."""

    def __init__(self, webhooks: WebhookStore, secrets: Secrets, sender: Posts, clock: Clock) -> None:
        self._webhooks = webhooks
        self._secrets = secrets
        self._sender = sender
        self._clock = clock

    def deliver(self, tenant_id: str, webhook_id: str, event: Event, *, receipts: int) -> int | None:
        """`receipts` is how often the delivery has come by now. Raises SigningSecretError."""
        webhook = self._webhooks.get(tenant_id, webhook_id)
        if webhook is None or not webhook.wants(event.type):
            return None
        try:
            secret = self._secrets.get(tenant_id, webhook.secret_name)
        except SecretMissingError:
            # Removed at this moment, with its webhook.
            logger.warning("webhook without a secret", webhook_id=webhook_id, event_id=event.id)
            return PAUSES[0] if receipts == 1 else None
        match self._sender.send(webhook.url, secret, event):
            case Accepted(status):
                logger.info("webhook delivered", webhook_id=webhook_id, event_id=event.id, status=status)
                return None
            case Gone():
                logger.warning("webhook gone", webhook_id=webhook_id, event_id=event.id)
                self._webhooks.disable(
                    tenant_id, webhook_id, now=self._clock.now(), because="The receiver answered 410 Gone."
                )
                return None
            case Refused(why, retry_after):
                logger.warning("webhook refused", webhook_id=webhook_id, event_id=event.id, why=why)
                pause = PAUSES[min(receipts, len(PAUSES)) - 1]
                return min(max(pause, retry_after), _PAUSE_MAX)
