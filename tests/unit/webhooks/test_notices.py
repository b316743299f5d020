"""Telling the queue that turns end."""

import pytest

from parlance.errors import UnavailableError
from parlance.storage.table import ContendedError
from parlance.webhooks.messages import TurnEnding, parse_notice
from parlance.webhooks.model import EVENTS, Webhook
from parlance.webhooks.notices import QueuedNotices
from tests.fakes.clock import ManualClock
from tests.fakes.webhooks import MemoryWebhooks


class Queue:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        if self.is_down:
            raise UnavailableError("down")
        self.sent.append(body)


class Bench:
    def __init__(self) -> None:
        self.clock, self.queue, self.webhooks = ManualClock(), Queue(), MemoryWebhooks()
        self.notices = QueuedNotices(self.webhooks, self.queue, self.clock)


def test_a_tenant_without_webhooks_costs_one_read_a_minute() -> None:
    bench = Bench()
    for _ in range(10):
        bench.notices.turn_ends("acme", "chat", 1)
    assert (bench.queue.sent, bench.webhooks.reads) == ([], 1)
    bench.clock.advance(60)
    bench.notices.turn_ends("acme", "chat", 1)
    assert bench.webhooks.reads == 2


def test_a_turn_is_named_and_nothing_of_it_told() -> None:
    bench = Bench()
    bench.webhooks.put(Webhook("acme", "wh", "https://x/", EVENTS, 1))
    bench.notices.turn_ends("acme", "chat", 3)
    bench.notices.turn_ends("other", "chat", 3)
    assert [parse_notice(body) for body in bench.queue.sent] == [
        TurnEnding(tenant_id="acme", conversation_id="chat", turn_number=3)
    ]


def test_a_disabled_webhook_is_none() -> None:
    bench = Bench()
    bench.webhooks.put(Webhook("acme", "wh", "https://x/", EVENTS, 1, disabled_at=2))
    bench.notices.turn_ends("acme", "chat", 3)
    assert bench.queue.sent == []


def test_a_queue_or_a_table_that_does_not_answer_costs_nobody_the_reply() -> None:
    bench = Bench()
    bench.webhooks.put(Webhook("acme", "wh", "https://x/", EVENTS, 1))
    bench.queue.is_down = True
    bench.notices.turn_ends("acme", "chat", 3)

    class Down:
        def of_tenant(self, tenant_id: str) -> list[Webhook]:
            raise ContendedError("throttled")

    QueuedNotices(Down(), bench.queue, bench.clock).turn_ends("acme", "chat", 3)


@pytest.mark.parametrize("body", ["", "{}", '{"kind": "dance"}', "[]"])
def test_a_body_that_is_none_of_ours(body: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        parse_notice(body)
