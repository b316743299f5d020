"""Batches of which the table does a part only, as it does when it is short of capacity; the emulator never is."""

import itertools
from typing import Any, cast

import pytest

from parlance.storage.table import ContendedError, Key, Table
from tests.fakes.clock import ManualClock

KEYS = [Key("p", f"{number:03d}") for number in range(120)]


class Short:
    """A client that does `does` requests of each call, so many seconds after the last one."""

    def __init__(self, clock: ManualClock, does: int) -> None:
        self._clock, self._does = clock, does
        self.asked: list[tuple[int, float]] = []
        self.written: list[str] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - the wire's name
        done, left = self._part(RequestItems["t"]["Keys"])
        return {"Responses": {"t": done}, "UnprocessedKeys": {"t": {"Keys": left}} if left else {}}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - the wire's name
        done, left = self._part(RequestItems["t"])
        self.written += [one["DeleteRequest"]["Key"]["sk"]["S"] for one in done]
        return {"UnprocessedItems": {"t": left} if left else {}}

    def _part(self, requests: list[Any]) -> tuple[list[Any], list[Any]]:
        self.asked.append((len(requests), self._clock.monotonic()))
        return requests[: self._does], requests[self._does :]


def table(does: int) -> tuple[Table, Short]:
    clock = ManualClock()
    client = Short(clock, does)
    return Table(cast("Any", client), "t", clock=clock), client


def test_what_is_left_of_a_read_is_asked_for_again_after_growing_pauses() -> None:
    short, client = table(30)
    assert list(short.batch_get(KEYS)) == KEYS
    assert [asked for asked, _ in client.asked] == [100, 70, 40, 10, 20]
    at = [when for _, when in client.asked]
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert all(0 < pause <= most for pause, most in zip(pauses, (0.01, 0.02, 0.04), strict=False))
    assert pauses[3] == 0, "the next batch begins at once"


def test_what_is_left_of_a_write_is_written_after_pauses() -> None:
    short, client = table(10)
    short.batch_write(deletes=KEYS[:30])
    assert client.written == [key.sk for key in KEYS[:30]]
    assert [asked for asked, _ in client.asked] == [25, 15, 5, 5]


@pytest.mark.parametrize("call", ["read", "write"])
def test_a_table_that_does_nothing_more_is_given_up(call: str) -> None:
    short, client = table(0)
    with pytest.raises(ContendedError):
        short.batch_get(KEYS[:1]) if call == "read" else short.batch_write(deletes=KEYS[:1])
    began, ended = client.asked[0][1], client.asked[-1][1]
    assert 5 <= ended - began <= 5.5
    assert len(client.asked) < 60
