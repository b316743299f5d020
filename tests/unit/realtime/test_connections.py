"""Letting connections in when slots are short."""

from dataclasses import replace

import pytest

from parlance.errors import TooManyConnectionsError, UnavailableError
from parlance.realtime.connections import LIFETIME_MS, Connections
from parlance.realtime.model import Connection
from parlance.realtime.port import SlotTakenError
from parlance.storage.table import UnansweredError
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.faults import Faults
from tests.fakes.realtime import MemoryConnectionStore, RecordingManagement


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryConnectionStore()
        self.management = RecordingManagement()
        self.faults = Faults()
        self.connections = Connections(
            self.faults.around(self.store), self.management, clock=self.clock, ids=CountingIds()
        )

    def connect(self, connection_id: str, *, limit: int = 2) -> None:
        connection = Connection(connection_id, "tenant_1", "alice", "chat_1", "hash", self.clock.now())
        self.connections.connect(connection, limit=limit)

    @property
    def holders(self) -> set[str]:
        return {slot.connection_id for slot in self.store.slots("tenant_1")}


def test_every_slot_is_used_and_no_more() -> None:
    bench = Bench()
    bench.connect("a")
    bench.connect("b")
    with pytest.raises(TooManyConnectionsError) as refused:
        bench.connect("c")
    assert refused.value.details == {"max_connections": 2}
    assert bench.holders == {"a", "b"}


def test_a_connection_that_went_without_a_word_makes_room_after_a_minute() -> None:
    bench = Bench()
    bench.connect("a")
    bench.connect("b")
    bench.management.gone = {"b"}
    bench.clock.advance(59)
    with pytest.raises(TooManyConnectionsError):
        bench.connect("c")
    bench.clock.advance(2)
    bench.connect("c")
    assert bench.holders == {"a", "c"}
    with pytest.raises(TooManyConnectionsError):
        bench.connect("d")


def test_a_slot_past_its_end_is_taken_without_asking() -> None:
    bench = Bench()
    bench.connect("a", limit=1)
    bench.clock.advance(LIFETIME_MS / 1000)
    bench.connect("b", limit=1)
    assert bench.holders == {"b"}


def test_a_late_disconnect_does_not_free_anothers_slot() -> None:
    bench = Bench()
    bench.connect("a", limit=1)
    bench.management.gone = {"a"}
    bench.clock.advance(61)
    bench.connect("b", limit=1)
    bench.store.disconnect("a")
    assert bench.holders == {"b"}


def test_slots_above_a_lowered_limit_are_left_alone() -> None:
    bench = Bench()
    for name in ("a", "b", "c"):
        bench.connect(name, limit=3)
    bench.management.gone = {"a", "b", "c"}
    bench.clock.advance(61)
    bench.connect("d", limit=1)
    with pytest.raises(TooManyConnectionsError):
        bench.connect("e", limit=1)


def test_tenants_do_not_share_slots() -> None:
    bench = Bench()
    bench.connect("a", limit=1)
    other = Connection("b", "tenant_2", "bob", "chat_2", "hash", bench.clock.now())
    bench.connections.connect(other, limit=1)
    assert bench.holders == {"a"}


def test_a_slot_that_is_being_written_is_tried_again() -> None:
    bench = Bench()
    for nth in range(1, 4):
        bench.faults.fail_before("connect", SlotTakenError(None), nth=nth)
    bench.connect("a", limit=1)
    assert bench.holders == {"a"}


def test_slots_that_are_always_being_written_are_unavailable() -> None:
    bench = Bench()
    for nth in range(1, 100):
        bench.faults.fail_before("connect", SlotTakenError(None), nth=nth)
    with pytest.raises(UnavailableError):
        bench.connect("a", limit=1)


def test_an_unanswered_write_is_made_again_under_its_token() -> None:
    bench = Bench()
    bench.faults.fail_after("connect", UnansweredError("timed out"))
    bench.connect("a", limit=2)
    assert bench.holders == {"a"}
    for nth in range(1, 4):
        bench.faults.fail_before("connect", UnansweredError("timed out"), nth=nth)
    with pytest.raises(UnavailableError):
        bench.connect("b", limit=2)


def test_two_who_find_the_same_slot_gone_do_not_share_it() -> None:
    bench = Bench()
    bench.connect("a", limit=1)
    bench.management.gone = {"a"}
    bench.clock.advance(61)

    def overtaken() -> None:
        rival = replace(bench.store.connection("a") or pytest.fail("gone"), id="r", connected_at=bench.clock.now())
        bench.store.connect(rival, 0, instead_of="a", expires_at=bench.clock.now() + LIFETIME_MS, token="t")

    bench.faults.call_before("connect", overtaken)
    with pytest.raises(TooManyConnectionsError):
        bench.connect("b", limit=1)
    assert bench.holders == {"r"}
