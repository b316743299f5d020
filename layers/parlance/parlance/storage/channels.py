"""What clients publish for the functions that they execute: the channels of the platform dialect, read one by one."""

import json

from parlance.agents.models.base import Cancellation
from parlance.clock import Clock
from parlance.storage import items, keys
from parlance.storage.table import ConditionFailedError, Delete, Key, Table

_KIND = "channelMessage"


class StoredChannels:
    """`parlance.agents.tools.client.Channels`. Asks every `poll` seconds."""

    def __init__(self, table: Table, clock: Clock, *, poll: float = 1.0) -> None:
        self._table = table
        self._clock = clock
        self._poll = poll

    def receive(self, tenant_id: str, channel: str, *, seconds: float, cancellation: Cancellation) -> str | None:
        """The message as JSON. Of two who wait at one channel each gets another one."""
        until = self._clock.monotonic() + seconds
        while not cancellation.requested:
            found = self._take(tenant_id, channel)
            if found is not None or self._clock.monotonic() >= until:
                return found
            self._clock.sleep(self._poll)
        return None

    def _take(self, tenant_id: str, channel: str) -> str | None:
        first, last = (keys.document(tenant_id, _KIND, channel, end) for end in ("", keys.HIGHEST))
        for item in self._table.query_all(first.pk, first=first.sk, last=last.sk):
            values = json.loads(item["values"])
            if "message" not in values or items.is_expired(item, self._clock.now()):
                continue
            try:
                self._table.delete(Delete(Key(item["pk"], item["sk"]), when="attribute_exists(pk)"))
            except ConditionFailedError:
                continue  # Somebody else was given it.
            return json.dumps(values["message"], ensure_ascii=False)
        return None
