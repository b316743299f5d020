"""Lists by time of creation: one small entry for each thing, in a partition of its own for each list.

For things whose own keys do not follow the time: agents and datasets, whose ids may be chosen, and conversations,
which have a partition each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from parlance.platform.documents import Position
from parlance.storage import keys
from parlance.storage.table import Delete, Put, Table

AGENTS = "agent"
DATASETS = "dataset"
CONVERSATIONS = "conversation"

_FIRST, _LAST = "0", "9" * 15 + keys.HIGHEST


@dataclass(frozen=True, slots=True)
class Entries:
    """Neighbours in a list, and where reading stopped: None when nothing is left."""

    positions: Sequence[Position]
    end: Position | None


def entry(tenant_id: str, collection: str, created_at: int, identifier: str) -> Put:
    key = keys.listed(tenant_id, collection, created_at, identifier)
    return Put({"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION})


def no_entry(tenant_id: str, collection: str, created_at: int, identifier: str) -> Delete:
    return Delete(keys.listed(tenant_id, collection, created_at, identifier))


def entries(
    table: Table, tenant_id: str, collection: str, *, after: Position | None, newest_first: bool, limit: int
) -> Entries:
    """Up to `limit` entries beyond a position, which need not be one of an entry (any more)."""
    mark = keys.listed(tenant_id, collection, after.created_at, after.id).sk if after else None
    found = beyond(
        table,
        keys.listing_pk(tenant_id, collection),
        first=_FIRST,
        last=_LAST,
        mark=mark,
        newest_first=newest_first,
        limit=limit,
    )
    positions = [_position(sk) for sk in found.sort_keys]
    return Entries(positions, positions[-1] if found.more and positions else None)


@dataclass(frozen=True, slots=True)
class Beyond:
    """Items past a mark in the order of reading, and whether there may be more."""

    items: Sequence[dict[str, object]]
    more: bool

    @property
    def sort_keys(self) -> Sequence[str]:
        return [str(item["sk"]) for item in self.items]


def beyond(table: Table, pk: str, *, first: str, last: str, mark: str | None, newest_first: bool, limit: int) -> Beyond:
    """Up to `limit` items of [first, last] that come after the sort key `mark` when reading in that direction."""
    low, high = first, last
    if mark is not None and newest_first:
        high = min(high, mark)
    elif mark is not None:
        low = max(low, mark + "\x00")
    if low > high:
        return Beyond([], more=False)
    # Below a text there is no next one, so reading downwards begins with the mark itself.
    wanted = limit + 1 if mark is not None and newest_first else limit
    page = table.query(pk, first=low, last=high, limit=wanted, forward=not newest_first)
    return Beyond([item for item in page.items if item["sk"] != mark][:limit], more=page.last is not None)


def _position(sk: str) -> Position:
    created_at, _, identifier = sk.partition("#")
    return Position(int(created_at), identifier)
