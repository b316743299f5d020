"""Webhooks as an operator handles them."""

from dataclasses import dataclass, field
from typing import Protocol

from parlance.clock import Clock
from parlance.errors import ConflictError, InvalidInputError, NotFoundError
from parlance.ids import IdSource
from parlance.outbound.addresses import ForbiddenAddressError, Guard
from parlance.webhooks import model
from parlance.webhooks.model import EVENT_TYPES, Event, Webhook
from parlance.webhooks.port import Deliveries, WebhookStore
from parlance.webhooks.sending import check_url
from parlance.webhooks.signing import new_secret

_URL_MAX = 2_000


class SecretKeeper(Protocol):
    """Where signing secrets are kept."""

    def set(self, tenant_id: str, name: str, secret: str) -> None: ...

    def remove(self, tenant_id: str, name: str) -> None:
        """Raises SecretMissingError."""
        ...


@dataclass(frozen=True, slots=True)
class CreatedWebhook:
    """A new webhook; `secret` is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


class WebhookAdministration:
    """Creates, lists, tests and removes."""

    def __init__(
        self,
        store: WebhookStore,
        secrets: SecretKeeper,
        deliveries: Deliveries,
        guard: Guard,
        *,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._deliveries = deliveries
        self._guard = guard
        self._clock = clock
        self._ids = ids

    def create(self, tenant_id: str, url: str, events: frozenset[str] | None = None) -> CreatedWebhook:
        """For all events unless some are named. Raises InvalidInputError, ConflictError when there are too many."""
        wanted = events or frozenset(EVENT_TYPES)
        unknown = sorted(wanted - set(EVENT_TYPES))
        if unknown:
            raise InvalidInputError("There is no such event.", details={"events": unknown, "allowed": EVENT_TYPES})
        self._check(url)
        if len(self._store.of_tenant(tenant_id)) >= model.WEBHOOKS_MAX:
            raise ConflictError(f"A tenant has at most {model.WEBHOOKS_MAX} webhooks.")
        webhook = Webhook(tenant_id, f"wh_{self._ids.random()}", url, wanted, self._clock.now())
        secret = new_secret()
        # The secret first: a webhook without one could not be sent to.
        self._secrets.set(tenant_id, webhook.secret_name, secret)
        self._store.create(webhook)
        return CreatedWebhook(webhook, secret)

    def of_tenant(self, tenant_id: str) -> list[Webhook]:
        return self._store.of_tenant(tenant_id)

    def test(self, tenant_id: str, webhook_id: str) -> Event:
        """Send it an event that says nothing. Raises NotFoundError("webhook"), UnavailableError."""
        event = model.test_event(self._existing(tenant_id, webhook_id), self._ids.random(), self._clock.now())
        self._deliveries.deliver(tenant_id, webhook_id, event)
        return event

    def enable(self, tenant_id: str, webhook_id: str) -> None:
        """Send again to one whose receiver had said that it was gone. Raises NotFoundError("webhook")."""
        if not self._store.enable(tenant_id, webhook_id):
            raise NotFoundError("webhook", details={"webhook_id": webhook_id})

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        """What is still to be delivered to it is not any more. Raises NotFoundError("webhook")."""
        webhook = self._existing(tenant_id, webhook_id)
        self._store.remove(tenant_id, webhook_id)
        self._secrets.remove(tenant_id, webhook.secret_name)

    def _existing(self, tenant_id: str, webhook_id: str) -> Webhook:
        webhook = self._store.get(tenant_id, webhook_id)
        if webhook is None:
            raise NotFoundError("webhook", details={"webhook_id": webhook_id})
        return webhook

    def _check(self, url: str) -> None:
        """The address itself; where its host leads is judged at every delivery, since that may change."""
        if len(url) > _URL_MAX:
            raise InvalidInputError(f"A webhook's address has at most {_URL_MAX} characters.")
        try:
            check_url(url, self._guard)
        except ForbiddenAddressError as error:
            raise InvalidInputError(f"This cannot be a webhook's address: {error}.") from error
