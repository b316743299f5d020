"""Deliveries: again with growing pauses, given up in the end, never again to who wants no more."""

from dataclasses import replace

import pytest

from parlance.errors import ConflictError, InvalidInputError, NotFoundError
from parlance.outbound.addresses import Guard
from parlance.webhooks.administration import WebhookAdministration
from parlance.webhooks.delivering import PAUSES, Deliverer
from parlance.webhooks.model import EVENT_TYPES, TEST_EVENT, WEBHOOKS_MAX, Event, Webhook
from parlance.webhooks.sending import Accepted, Gone, Refused, Sent
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.webhooks import MemorySecrets, MemoryWebhookStore, QueuedDeliveries

EVENT = Event("evt_1", "turn.done", "{}")
URL = "https://example.com/hook"


class Receiver:
    """Answers as it is told to."""

    def __init__(self, answer: Sent) -> None:
        self.answer = answer
        self.got: list[tuple[str, str, Event]] = []

    def send(self, url: str, secret: str, event: Event) -> Sent:
        self.got.append((url, secret, event))
        return self.answer


class Bench:
    """A tenant with one webhook."""

    def __init__(self, answer: Sent) -> None:
        self.store, self.secrets, self.deliveries = MemoryWebhookStore(), MemorySecrets(), QueuedDeliveries()
        self.clock, self.receiver = ManualClock(), Receiver(answer)
        self.administration = WebhookAdministration(
            self.store, self.secrets, self.deliveries, Guard(), clock=self.clock, ids=CountingIds()
        )
        self.created = self.administration.create("acme", URL)
        self.id = self.created.webhook.id
        self.deliverer = Deliverer(self.store, self.secrets, self.receiver, self.clock)

    def deliver(self, receipts: int = 1, event: Event = EVENT) -> int | None:
        return self.deliverer.deliver("acme", self.id, event, receipts=receipts)


def test_what_is_accepted_is_done() -> None:
    bench = Bench(Accepted(204))
    assert bench.deliver() is None
    assert bench.receiver.got == [(URL, bench.created.secret, EVENT)]


def test_pauses_grow_from_seconds_to_hours() -> None:
    bench = Bench(Refused("status 500"))
    pauses = [bench.deliver(receipts) for receipts in range(1, len(PAUSES) + 3)]
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert list(PAUSES) == sorted(PAUSES)


@pytest.mark.parametrize(("asked", "pause"), [(1, 5), (120, 120), (10**6, 12 * 3600 - 120)])
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(asked: int, pause: int) -> None:
    assert Bench(Refused("status 429", asked)).deliver() == pause


def test_who_is_gone_is_sent_nothing_more() -> None:
    bench = Bench(Gone())
    assert bench.deliver() is None
    webhook = bench.store.get("acme", bench.id)
    assert webhook is not None
    assert (webhook.disabled_at, webhook.disabled_because) == (bench.clock.now(), "The receiver answered 410 Gone.")
    assert bench.deliver() is None
    assert len(bench.receiver.got) == 1


def test_what_was_queued_for_a_removed_webhook_is_dropped() -> None:
    bench = Bench(Accepted(200))
    bench.administration.remove("acme", bench.id)
    assert bench.deliver() is None
    assert bench.receiver.got == []
    assert bench.secrets.known == {}


def test_an_event_that_is_not_wanted_any_more_is_dropped_and_a_test_never() -> None:
    bench = Bench(Accepted(200))
    bench.store = MemoryWebhookStore(replace(bench.created.webhook, events=frozenset({"turn.failed"})))
    bench.deliverer = Deliverer(bench.store, bench.secrets, bench.receiver, bench.clock)
    assert bench.deliver() is None
    assert bench.receiver.got == []
    bench.deliver(event=Event("evt_2", TEST_EVENT, "{}"))
    assert len(bench.receiver.got) == 1


def test_a_webhook_is_for_all_events_unless_some_are_named() -> None:
    bench = Bench(Accepted(200))
    assert bench.created.webhook.events == frozenset(EVENT_TYPES)
    assert bench.created.secret.startswith("whsec_")
    assert bench.created.secret not in repr(bench.created)
    named = bench.administration.create("acme", URL, frozenset({"turn.failed"}))
    assert named.webhook.events == {"turn.failed"}
    assert named.secret != bench.created.secret


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://user:secret@example.com/",
        "https:///nowhere",
        "https://exa mple.com",
        "no address",
        f"https://example.com/{'x' * 2000}",
    ],
)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        Bench(Accepted(200)).administration.create("acme", url)


def test_an_event_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        Bench(Accepted(200)).administration.create("acme", URL, frozenset({"turn.begun"}))


def test_there_is_a_limit_to_webhooks() -> None:
    bench = Bench(Accepted(200))
    for _ in range(WEBHOOKS_MAX - 1):
        bench.administration.create("acme", URL)
    with pytest.raises(ConflictError):
        bench.administration.create("acme", URL)
    bench.administration.create("other", URL)


def test_a_test_is_queued_for_that_webhook() -> None:
    bench = Bench(Accepted(200))
    event = bench.administration.test("acme", bench.id)
    assert bench.deliveries.queued == [("acme", bench.id, event)]
    assert event.type == TEST_EVENT


def test_another_tenants_webhook_is_not_found() -> None:
    bench = Bench(Accepted(200))
    for call in (bench.administration.test, bench.administration.remove):
        with pytest.raises(NotFoundError):
            call("other", bench.id)


def test_a_webhook_without_its_secret_is_tried_once_more() -> None:
    bench = Bench(Accepted(200))
    bench.secrets.known.clear()
    assert [bench.deliver(1), bench.deliver(2)] == [PAUSES[0], None]
    assert bench.receiver.got == []


def test_a_webhook_is_a_plain_value() -> None:
    webhook = Webhook("acme", "x", URL, frozenset({"turn.done"}), 0)
    assert webhook.wants("turn.done")
    assert not webhook.wants("turn.failed")
    assert not replace(webhook, disabled_at=1).wants(TEST_EVENT)
