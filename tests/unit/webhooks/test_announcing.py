"""From the end of a turn to the queue, whatever happens to the worker."""

import json
from typing import Any

import pytest

from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation
from parlance.conversations.timing import Timing
from parlance.conversations.worker import Worker
from parlance.errors import UnavailableError
from parlance.webhooks.announcing import TurnNews
from parlance.webhooks.model import EVENT_TYPES, Webhook
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults, KilledError
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.webhooks import MemoryWebhookStore, QueuedDeliveries

TIMING = Timing(tick=0.002, stop_grace=0.02)


def webhook(webhook_id: str, *events: str, tenant_id: str = "acme") -> Webhook:
    return Webhook(tenant_id, webhook_id, "https://example.com", frozenset(events or EVENT_TYPES), 0)


class Bench:
    """One conversation of a tenant with webhooks."""

    def __init__(self, *webhooks: Webhook) -> None:
        self.clock, self.ids, self.faults = ManualClock(), CountingIds(), Faults()
        self.turns, self.wakeups = MemoryTurnStore(tables := MemoryTables()), QueuedWakeups()
        self.webhooks, self.deliveries = MemoryWebhookStore(*webhooks), QueuedDeliveries()
        now = self.clock.now()
        chat = Conversation("acme", "chat", "ann", "default", "A chat", now, now)
        MemoryConversationStore(tables).create(chat, key=None, token="create")
        self.engine = TurnEngine(self.turns, self.wakeups, clock=self.clock, ids=self.ids, timing=TIMING)

    def worker(self) -> Worker:
        turns = self.faults.around(self.turns)
        news = TurnNews(self.webhooks, turns, self.faults.around(self.deliveries), clock=self.clock)
        return Worker(
            turns,
            ScriptedResponder(),
            ListeningAudience(),
            self.wakeups,
            clock=self.clock,
            ids=self.ids,
            timing=TIMING,
            news=news,
        )

    def turn(self, content: str = "hello") -> None:
        self.engine.begin(BeginTurn("acme", "chat", content))
        self.worker().drain("acme", "chat", turn_number=None, deadline=self.clock.monotonic() + 900)

    def watchdog(self) -> None:
        self.worker().watched("acme", "chat", sent_at=self.wakeups.watching[0][2], deadline=900)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(event.body) for _, _, event in self.deliveries.queued]


def test_every_webhook_is_told_once_in_the_order_of_the_turns() -> None:
    bench = Bench(webhook("a"), webhook("b"), webhook("c", tenant_id="other"))
    bench.turn("first")
    bench.turn("second")
    assert [where for _, where, _ in bench.deliveries.queued] == ["a", "b", "a", "b"]
    assert [event["data"]["sequence"] for event in bench.events] == [1, 1, 2, 2]
    assert len({event.id for _, _, event in bench.deliveries.queued}) == 2
    assert bench.turns.news("acme", "chat") == []


def test_an_event_names_the_turn_and_holds_no_text() -> None:
    bench = Bench(webhook("a"))
    bench.turn("a secret thought")
    (event,) = bench.events
    turn = bench.turns.turn("acme", "chat", 1)
    assert turn is not None
    assert event == {
        "type": "turn.done",
        "timestamp": event["timestamp"],
        "data": {
            "tenant_id": "acme",
            "chat_id": "chat",
            "turn_id": turn.id,
            "attempt": 1,
            "sequence": 1,
            "message_id": turn.message_id,
            "reply_id": turn.reply_id,
            "error": None,
            "usage": {"input_tokens": 1, "output_tokens": 2, "cost_micros": 0, "estimated": False},
        },
    }
    assert "secret" not in json.dumps(event)
    assert "ann" not in json.dumps(event)


def test_only_what_is_wanted_is_told() -> None:
    bench = Bench(webhook("a", "turn.failed"))
    bench.turn()
    assert bench.deliveries.queued == []
    assert bench.turns.news("acme", "chat") == []


def test_nothing_is_kept_for_a_tenant_without_webhooks() -> None:
    bench = Bench(webhook("c", tenant_id="other"))
    bench.turn()
    assert bench.turns.news("acme", "chat") == []


@pytest.mark.parametrize("method", ["news", "deliver", "forget_news"])
def test_a_worker_killed_on_the_way_is_made_good_by_the_watchdog_under_the_same_id(method: str) -> None:
    bench = Bench(webhook("a"), webhook("b"))
    bench.faults.kill_at(method)
    with pytest.raises(KilledError):
        bench.turn()
    bench.faults = Faults()
    bench.watchdog()
    bench.watchdog()
    told = {(where, event.id, event.body) for _, where, event in bench.deliveries.queued}
    assert {where for where, _, _ in told} == {"a", "b"}
    assert len(told) == 2
    assert bench.turns.news("acme", "chat") == []


def test_a_queue_that_is_down_fails_no_turn_and_loses_no_event() -> None:
    bench = Bench(webhook("a"))
    bench.faults.fail_before("deliver", UnavailableError("down"))
    bench.turn("first")
    assert bench.deliveries.queued == []
    bench.turn("second")
    assert [event["data"]["sequence"] for event in bench.events] == [1, 2]
