"""Batches of which DynamoDB does only a part, as it does for a busy partition and an emulator never does."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from parlance.storage.table import ContendedError, Item, Key, Table

KEYS = [Key("p", f"s{n}") for n in range(30)]


class Busy:
    """A client that does `done` of each batch that it is sent and puts off the rest."""

    def __init__(self, done: int) -> None:
        self._done = done
        self.written: list[str] = []
        self.calls = 0

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - the SDK's name
        self.calls += 1
        wanted = RequestItems["t"]["Keys"]
        left = {"t": {"Keys": wanted[self._done :]}} if wanted[self._done :] else {}
        return {"Responses": {"t": wanted[: self._done]}, "UnprocessedKeys": left}

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - the SDK's name
        self.calls += 1
        wanted = RequestItems["t"]
        self.written += [one["PutRequest"]["Item"]["sk"]["S"] for one in wanted[: self._done]]
        return {"UnprocessedItems": {"t": wanted[self._done :]} if wanted[self._done :] else {}}


def table(client: Busy, pauses: list[float]) -> Table:
    return Table(cast("Any", client), "t", sleep=pauses.append)


def write(table: Table) -> None:
    table.batch_write(puts=[cast("Item", {"pk": key.pk, "sk": key.sk}) for key in KEYS])


def test_what_is_put_off_is_read_later() -> None:
    client, pauses = Busy(done=7), list[float]()
    assert table(client, pauses).batch_get(KEYS).keys() == set(KEYS)
    assert (client.calls, len(pauses)) == (5, 4)


def test_what_is_put_off_is_written_later_and_once() -> None:
    client, pauses = Busy(done=10), list[float]()
    write(table(client, pauses))
    assert sorted(client.written) == sorted(key.sk for key in KEYS)
    assert (client.calls, len(pauses)) == (4, 2), "25 in three calls, and 5 in one"


@pytest.mark.parametrize("call", [lambda table: table.batch_get(KEYS), write])
def test_what_is_always_put_off_is_given_up(call: Callable[[Table], object]) -> None:
    client, pauses = Busy(done=0), list[float]()
    with pytest.raises(ContendedError):
        call(table(client, pauses))
    assert client.calls == len(pauses)
    assert 0.5 < sum(pauses) < 15, "long enough for a partition to recover, and not for a gateway to give up"
    assert max(pauses) <= 1


def test_nothing_is_not_asked_for() -> None:
    client = Busy(done=0)
    assert table(client, []).batch_get([]) == {}
    table(client, []).batch_write()
    assert client.calls == 0
