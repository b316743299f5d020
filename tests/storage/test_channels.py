"""What clients publish for the functions that they execute: taken once, by whoever waits."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from parlance.agents.models.base import Cancellation
from parlance.agents.tools.client import ChannelCall
from parlance.clock import SystemClock
from parlance.ids import RandomIds
from parlance.platform.channels import Channels
from parlance.platform.declarations import RESOURCES
from parlance.platform.library import Library
from parlance.platform.lists import ListQuery
from parlance.storage.channels import StoredChannels
from parlance.storage.library import stores
from parlance.storage.table import Table

pytestmark = pytest.mark.storage

CHANNEL = "where-results-are-awaited"


class Wire:
    """Both ends of a tenant's channels: what the API publishes, and what a turn waits for."""

    def __init__(self, table: Table) -> None:
        clock, ids = SystemClock(), RandomIds()
        self.tenant_id = f"tenant_{ids.random()}"
        self.library = Library(RESOURCES, stores(table, clock, ids), clock=clock, ids=ids)
        self.published = Channels(self.library, clock, poll=0.01)
        self.stored = StoredChannels(table, clock, ids, poll=0.01)

    def publish(self, text: str, channel: str = CHANNEL) -> None:
        self.published.publish(self.tenant_id, channel, {"data": text})

    def receive(self, *, seconds: float = 0.0, cancellation: Cancellation | None = None) -> str | None:
        return self.stored.receive(
            self.tenant_id, CHANNEL, seconds=seconds, cancellation=cancellation or Cancellation()
        )


@pytest.fixture
def wire(table: Table) -> Wire:
    return Wire(table)


def test_the_oldest_is_taken_and_once(wire: Wire) -> None:
    wire.publish("first")
    wire.publish("second")
    assert [wire.receive(), wire.receive(), wire.receive()] == ['{"data": "first"}', '{"data": "second"}', None]


def test_of_other_channels_and_tenants_nothing_is_heard(wire: Wire, table: Table) -> None:
    wire.publish("elsewhere", channel="another-channel-of-mine")
    Wire(table).publish("of another")
    assert wire.receive() is None


def test_of_many_who_wait_each_gets_another(wire: Wire) -> None:
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(wire.receive, seconds=10) for _ in range(8)]
        for number in range(8):
            wire.publish(str(number))
        found = sorted(str(one.result()) for one in waiting)
    assert found == [f'{{"data": "{number}"}}' for number in range(8)]


def test_what_comes_later_is_waited_for(wire: Wire) -> None:
    threading.Timer(0.1, wire.publish, ["late"]).start()
    assert wire.receive(seconds=10) == '{"data": "late"}'


def test_a_stop_ends_the_wait(wire: Wire) -> None:
    cancellation = Cancellation()
    threading.Timer(0.05, cancellation.request).start()
    began = time.monotonic()
    assert wire.receive(seconds=60, cancellation=cancellation) is None
    assert time.monotonic() - began < 10


def test_what_is_no_message_or_has_expired_is_left(wire: Wire) -> None:
    messages = wire.library.engine("channelMessage")
    messages.put(wire.tenant_id, {"message": {"data": "old"}, "expiresAt": 1_000}, parent=CHANNEL)
    wire.published.announce(wire.tenant_id, CHANNEL, "chat_1", "turn_1")
    wire.stored.tell(wire.tenant_id, CHANNEL, ChannelCall("c" * 16, "weather", {"city": "Fredville"}))
    assert wire.receive() is None
    told = [one.values for one in messages.walk(wire.tenant_id, ListQuery(), parent=CHANNEL) if "call" in one.values]
    assert ChannelCall(**told[0]["call"]) == ChannelCall("c" * 16, "weather", {"city": "Fredville"})
