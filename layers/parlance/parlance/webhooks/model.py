"""What a webhook is, and what is sent to it. Times are milliseconds since 1970."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

from parlance.clock import iso
from parlance.conversations.model import News

type EventType = Literal["turn.done", "turn.stopped", "turn.failed"]

EVENT_TYPES: tuple[EventType, ...] = ("turn.done", "turn.stopped", "turn.failed")
TEST_EVENT = "webhook.test"
WEBHOOKS_MAX = 10


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a tenant wants to be told of its turns. A disabled one is sent nothing; `disabled_because` says why.

    Its signing secret lies in the secret store, under `secret_name`.
    """

    tenant_id: str
    id: str
    url: str
    events: frozenset[str]
    created_at: int
    disabled_at: int | None = None
    disabled_because: str | None = None

    @property
    def secret_name(self) -> str:
        return f"webhook-{self.id}"

    def wants(self, event_type: str) -> bool:
        return self.disabled_at is None and (event_type in self.events or event_type == TEST_EVENT)


@dataclass(frozen=True, slots=True)
class Event:
    """What is sent. The same `id` and `body` however often it is: a receiver knows repeats by the id."""

    id: str
    type: str
    body: str


def turn_event(tenant_id: str, conversation_id: str, news: News) -> Event:
    """An attempt has ended: ids and numbers, none of what anybody said. Who may read that asks for it."""
    event_type = f"turn.{news.state.value}"
    failure = news.failure
    data = {
        "tenant_id": tenant_id,
        "chat_id": conversation_id,
        "turn_id": news.turn_id,
        "attempt": news.attempt,
        "sequence": news.sequence,
        "message_id": news.message_id,
        "reply_id": news.reply_id,
        "error": {"code": failure.code, "message": failure.message} if failure else None,
        "usage": {
            "input_tokens": news.usage.input_tokens,
            "output_tokens": news.usage.output_tokens,
            "cost_micros": news.usage.micros,
            "estimated": news.usage.estimated,
        },
    }
    origin = "\0".join((tenant_id, conversation_id, news.turn_id, str(news.attempt)))
    identifier = f"evt_{hashlib.sha256(origin.encode()).hexdigest()[:32]}"
    return Event(identifier, event_type, _body(event_type, news.ended_at, data))


def test_event(webhook: Webhook, random: str, now: int) -> Event:
    """What shows whether a webhook works."""
    data = {"tenant_id": webhook.tenant_id, "webhook_id": webhook.id}
    return Event(f"evt_{random}", TEST_EVENT, _body(TEST_EVENT, now, data))


def _body(event_type: str, at: int, data: dict[str, Any]) -> str:
    event = {"type": event_type, "timestamp": iso(at), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
