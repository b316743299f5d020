"""The first words on a connection, which may not be open yet."""

from parlance.realtime.greeting import Greeter
from parlance.realtime.messages import Greeting
from parlance.realtime.model import Connection
from parlance.realtime.port import GoneError, PostFailedError
from tests.fakes.clock import ManualClock
from tests.fakes.realtime import MemoryConnectionStore, RecordingManagement


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.management = RecordingManagement()
        self.store = MemoryConnectionStore()
        connection = Connection("c", "tenant_1", "alice", "chat_1", "hash", self.clock.now())
        self.store.connect(connection, 0, instead_of=None, expires_at=self.clock.now() + 1000, token="t")

    def greet(self, *, first_ever: bool = False) -> None:
        greeting = Greeting(
            connection_id="c", tenant_id="tenant_1", user_id="alice", chat_id="chat_1", first_ever=first_ever
        )
        Greeter(self.management, self.store, self.clock).greet(greeting)


def test_a_user_is_created_once() -> None:
    bench = Bench()
    bench.greet()
    assert bench.management.kinds("c") == ["connection_established"]
    bench.greet(first_ever=True)
    assert bench.management.kinds("c")[1:] == ["connection_established", "user_created"]


def test_a_connection_that_opens_late_is_greeted_all_the_same() -> None:
    bench = Bench()
    opens_at = bench.clock.now() + 2000

    def not_yet(_: str) -> None:
        if bench.clock.now() < opens_at:
            raise GoneError

    bench.management.before_post = not_yet
    bench.greet(first_ever=True)
    assert bench.management.kinds("c") == ["connection_established", "user_created"]
    assert bench.store.connection("c") is not None


def test_a_connection_that_stays_gone_is_forgotten_with_its_slot() -> None:
    bench = Bench()
    bench.management.gone = {"c"}
    bench.greet()
    assert bench.store.connection("c") is None
    assert list(bench.store.slots("tenant_1")) == []


def test_a_platform_that_stays_busy_costs_the_greeting_only() -> None:
    bench = Bench()

    def busy(_: str) -> None:
        raise PostFailedError("500")

    bench.management.before_post = busy
    bench.greet()
    assert bench.store.connection("c") is not None
