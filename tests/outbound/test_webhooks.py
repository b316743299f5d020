"""Deliveries to servers that are well, down, gone, slow, or not what they should be."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from parlance.conversations.engine import BeginTurn, TurnEngine
from parlance.conversations.model import Conversation, TurnState
from parlance.conversations.worker import Worker
from parlance.outbound.addresses import Guard
from parlance.realtime.consumers import Again, Received
from parlance.webhooks.delivering import PAUSES, Deliveries
from parlance.webhooks.messages import TurnEnding
from parlance.webhooks.model import EVENTS, EventKind, Webhook
from parlance.webhooks.notices import QueuedNotices
from parlance.webhooks.signing import signed_headers
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.house import ListeningAudience, QueuedWakeups, ScriptedResponder
from tests.fakes.memory import MemoryConversationStore, MemoryTables, MemoryTurnStore
from tests.fakes.secrets import KnownSecrets
from tests.fakes.webhooks import MemoryWebhooks
from tests.outbound.raw_server import Behaviour, RawServer, serving
from tests.unit.webhooks.test_notices import Queue

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def answers(status: str, *headers: str) -> Behaviour:
    return lambda peer: peer.headers(status, "text/plain", "Content-Length: 0", *headers)


class Bench:
    """A tenant with one webhook and one turn, and the queue between."""

    def __init__(self, server: RawServer, events: Sequence[EventKind] = EVENTS, *, guard: Guard | None = None) -> None:
        self.clock, self.ids, self.queue, self.webhooks = ManualClock(), CountingIds(), Queue(), MemoryWebhooks()
        tables = MemoryTables()
        self.turns, self.chats = MemoryTurnStore(tables), MemoryConversationStore(tables)
        now = self.clock.now()
        self.chats.create(Conversation("acme", "chat", "alice", "default", "A", now, now), key=None, token="create")
        self.webhooks.put(Webhook("acme", "wh", f"{server.url}/hook?x=1", events, now))
        notices = QueuedNotices(self.webhooks, self.queue, self.clock)
        wakeups = QueuedWakeups()
        self.engine = TurnEngine(self.turns, wakeups, clock=self.clock, ids=self.ids)
        self.worker = Worker(
            self.turns, ScriptedResponder(), ListeningAudience(), wakeups,
            clock=self.clock, ids=self.ids, notices=notices,
        )  # fmt: skip
        self.deliveries = Deliveries(
            self.webhooks, self.chats, self.turns, self.queue,
            secrets=KnownSecrets({("acme", "webhook-wh"): SECRET}),
            addresses=guard or Guard(private_hosts=["127.0.0.1"]),
            clock=self.clock, jitter=lambda: 0.0,
        )  # fmt: skip

    def turn(self) -> None:
        self.engine.begin(BeginTurn("acme", "chat", "What a user wrote"))
        self.worker.drain("acme", "chat", turn_number=1, deadline=self.clock.monotonic() + 900)

    def handle(self, body: str, receipts: int = 1) -> Again | None:
        return self.deliveries.handle(Received(body, receipts, self.clock.monotonic() + 60))

    def delivered(self, receipts: int = 1) -> Again | None:
        """Spread the end of a turn and deliver it."""
        self.turn()
        (ending,) = self.queue.sent
        assert self.handle(ending) is None
        (delivery,) = self.queue.sent[1:]
        assert "user wrote" not in "".join(self.queue.sent)
        return self.handle(delivery, receipts)


def test_an_end_is_told_signed_and_without_what_was_said() -> None:
    with serving(answers("204 No Content")) as server:
        bench = Bench(server)
        assert bench.delivered() is None
    (peer,) = server.peers
    head = peer.request.partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("POST /hook?x=1 HTTP/1.1")
    told: dict[str, Any] = json.loads(peer.body)
    assert told["type"] == "turn.done"
    assert (told["data"]["chat_id"], told["data"]["user_id"]) == ("chat", "alice")
    assert "wrote" not in peer.body.decode()
    sent = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert sent["webhook-timestamp"] == str(bench.clock.now() // 1000)
    expected = signed_headers(
        SECRET, message_id=sent["webhook-id"], timestamp=int(sent["webhook-timestamp"]), body=peer.body
    )
    assert expected.items() <= sent.items()


def test_the_same_end_told_twice_has_the_same_id() -> None:
    with serving(answers("200 OK")) as server:
        bench = Bench(server)
        bench.turn()
        (ending,) = bench.queue.sent
        bench.handle(ending)
        bench.handle(ending)
    first, second = bench.queue.sent[1:]
    assert first == second


@pytest.mark.parametrize(
    "behaviour",
    [
        answers("500 Oops"), answers("429 Slow"), answers("404 Not Found"),
        answers("302 Found", "Location: http://127.0.0.1/"), lambda peer: peer.reset(),
        lambda peer: peer.say("nonsense\r\n\r\n"),
    ],
    ids=["500", "429", "404", "redirect", "reset", "nonsense"],
)  # fmt: skip
def test_a_server_that_does_not_take_it_is_told_again_later_and_later(behaviour: Behaviour) -> None:
    with serving(behaviour) as server:
        bench = Bench(server)
        assert bench.delivered() == Again(PAUSES[0])
        delivery = bench.queue.sent[-1]
        waits = [bench.handle(delivery, receipts) for receipts in range(2, len(PAUSES) + 2)]
        assert waits == [*(Again(pause) for pause in PAUSES[1:]), None]
        assert len(server.peers) == len(PAUSES) + 1, "and no redirect was followed"


def test_a_server_that_is_gone_for_good_is_not_told_again() -> None:
    with serving(answers("410 Gone")) as server:
        bench = Bench(server)
        assert bench.delivered() is None
        assert bench.handle(bench.queue.sent[-1]) is None
    assert len(server.peers) == 1
    webhook = bench.webhooks.get("acme", "wh")
    assert webhook is not None
    assert webhook.disabled_at == bench.clock.now()


def test_an_address_inside_is_not_called() -> None:
    with serving(answers("200 OK")) as server:
        assert Bench(server, guard=Guard()).delivered() == Again(PAUSES[0])
    assert server.peers == []


def test_only_the_events_that_were_asked_for_are_told() -> None:
    with serving(answers("200 OK")) as server:
        bench = Bench(server, ["turn.failed"])
        bench.turn()
        (ending,) = bench.queue.sent
        assert bench.handle(ending) is None
        assert len(bench.queue.sent) == 1


def test_an_end_that_is_not_stored_yet_is_looked_for_again() -> None:
    with serving(answers("200 OK")) as server:
        bench = Bench(server)
        bench.engine.begin(BeginTurn("acme", "chat", "hello"))
        ending = TurnEnding(tenant_id="acme", conversation_id="chat", turn_number=1).model_dump_json()
        assert bench.handle(ending) == Again(2)
        assert bench.handle(ending, 9) == Again(30)
        assert bench.handle(ending, 45) is None
        turn = bench.turns.turn("acme", "chat", 1)
        assert turn is not None
        assert turn.state is TurnState.RECEIVED


def test_what_has_been_removed_meanwhile_is_done_with() -> None:
    with serving(answers("200 OK")) as server:
        bench = Bench(server)
        bench.turn()
        bench.handle(bench.queue.sent[0])
        bench.webhooks.remove("acme", "wh")
        assert bench.handle(bench.queue.sent[1]) is None
        gone = TurnEnding(tenant_id="acme", conversation_id="none", turn_number=1)
        assert bench.handle(gone.model_dump_json()) is None
    assert server.peers == []
