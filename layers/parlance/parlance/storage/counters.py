"""Counters in the Conversations table: one item each, rewritten in place.

    none ──> running ──> over ──> running …
              │   ^
              └───┘ count up

`oldest_start` is what tells running from over: a window that began after it still runs.
"""

import hashlib

from parlance.limits.model import Window
from parlance.limits.port import AddressCounter, ConnectionCounter, Counter, NotNowError, TenantCounter
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import ConditionFailedError, Item, Key, Table, Update


class DynamoCounterStore:
    """`parlance.limits.port.CounterStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count_up(self, counter: Counter, *, oldest_start: int) -> Window:
        return self._write(
            Update(
                _key(counter),
                "SET hits = hits + :one",
                when="window_start > :oldest",
                values={"one": 1, "oldest": oldest_start},
            )
        )

    def start_anew(self, counter: Counter, *, now: int, oldest_start: int, expires_at: int) -> Window:
        return self._write(
            Update(
                _key(counter),
                "SET window_start = :now, hits = :one, expires_at = :expires, v = :v",
                when="attribute_not_exists(window_start) OR window_start <= :oldest",
                values={
                    "now": now,
                    "one": 1,
                    "expires": ttl_seconds(expires_at),
                    "oldest": oldest_start,
                    "v": keys.SCHEMA_VERSION,
                },
            )
        )

    def _write(self, update: Update) -> Window:
        try:
            return _window(self._table.update(update))
        except ConditionFailedError as error:
            raise NotNowError(_window(error.item) if error.item else None) from error


def _key(counter: Counter) -> Key:
    match counter:
        case TenantCounter(tenant_id, name):
            return keys.counter(tenant_id, name)
        case ConnectionCounter(connection_id):
            return keys.connection_counter(connection_id)
        case AddressCounter(name, address):
            return keys.address_counter(name, hashlib.sha256(address.encode()).hexdigest())


def _window(item: Item) -> Window:
    return Window(item["window_start"], item["hits"])
