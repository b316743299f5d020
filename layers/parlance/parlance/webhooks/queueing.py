"""Deliveries in a queue: what is put there, and what a worker makes of it."""

from pydantic import BaseModel, ConfigDict

from parlance.realtime.consumers import Again, Received
from parlance.realtime.queues import Sending
from parlance.webhooks.delivering import Deliverer
from parlance.webhooks.model import Event


class Delivery(BaseModel):
    """One event for one webhook. It holds the event itself, so that its body stays the same over days."""

    model_config = ConfigDict(frozen=True)

    tenant_id: str
    webhook_id: str
    event_id: str
    event_type: str
    event_body: str


class SqsDeliveries:
    """`parlance.webhooks.port.Deliveries`."""

    def __init__(self, queue: Sending) -> None:
        self._queue = queue

    def deliver(self, tenant_id: str, webhook_id: str, event: Event) -> None:
        delivery = Delivery(
            tenant_id=tenant_id,
            webhook_id=webhook_id,
            event_id=event.id,
            event_type=event.type,
            event_body=event.body,
        )
        self._queue.send(delivery.model_dump_json())


class Outbox:
    """Handles what stands in the queue."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer

    def handle(self, received: Received) -> Again | None:
        """Raises ValueError for a body that is none of ours."""
        one = Delivery.model_validate_json(received.body)
        event = Event(one.event_id, one.event_type, one.event_body)
        pause = self._deliverer.deliver(one.tenant_id, one.webhook_id, event, receipts=received.receipts)
        return None if pause is None else Again(pause)
