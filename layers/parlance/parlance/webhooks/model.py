"""What a webhook is, and where webhooks live."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from parlance.errors import InvalidInputError
from parlance.outbound.addresses import ForbiddenAddressError, target_of

type EventKind = Literal["turn.done", "turn.stopped", "turn.failed"]
EVENTS: Sequence[EventKind] = get_args(EventKind.__value__)
WEBHOOKS_MAX = 10


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of some events. `disabled_at` once its server has said that it is gone for good."""

    tenant_id: str
    id: str
    url: str
    events: Sequence[EventKind]
    created_at: int
    disabled_at: int | None = None

    @property
    def secret_name(self) -> str:
        """What its signing secret is called in the tenant's part of the secret store."""
        return f"webhook-{self.id}"


class WebhookReader(Protocol):
    """The part of a store that the workers need."""

    def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        """In the order of their ids."""
        ...


class WebhookStore(WebhookReader, Protocol):
    """Where webhooks live. Reads see every write that was answered before them."""

    def put(self, webhook: Webhook) -> None: ...

    def get(self, tenant_id: str, webhook_id: str) -> Webhook | None: ...

    def disable(self, tenant_id: str, webhook_id: str, *, now: int) -> None:
        """Nothing happens to one that has been removed meanwhile."""
        ...

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        """Raises NotFoundError("webhook")."""
        ...


def check_url(url: str) -> None:
    """Raises InvalidInputError for anything but an https address. Where it leads is judged at every delivery."""
    try:
        target = target_of(url)
    except ForbiddenAddressError as error:
        raise InvalidInputError(f"A webhook cannot be called: {error}") from error
    if target.scheme != "https":
        raise InvalidInputError("A webhook is an https address.")


def checked_events(given: Sequence[str]) -> Sequence[EventKind]:
    """All of them where none is named. Raises InvalidInputError."""
    chosen = [event for event in EVENTS if not given or event in given]
    if any(event not in EVENTS for event in given):
        raise InvalidInputError(f"The events of webhooks are {', '.join(EVENTS)}.")
    return chosen
