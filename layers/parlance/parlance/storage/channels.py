"""What clients publish for the functions that they execute: the channels of the platform dialect, read one by one."""

import json
from dataclasses import asdict

from parlance.agents.models.base import Cancellation
from parlance.agents.tools.client import ChannelCall
from parlance.clock import Clock
from parlance.ids import IdSource
from parlance.platform.documents import Document
from parlance.storage import items, keys
from parlance.storage.documents import DocumentRepository, PlainShelf
from parlance.storage.table import ConditionFailedError, Delete, Key, Table

_KIND = "channelMessage"
_KEPT_MS = 3_600_000


class StoredChannels:
    """`parlance.agents.tools.client.Channels`. Asks every `poll` seconds."""

    def __init__(self, table: Table, clock: Clock, ids: IdSource, *, poll: float = 1.0) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
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

    def tell(self, tenant_id: str, channel: str, call: ChannelCall) -> None:
        now = self._clock.now()
        document = Document(
            tenant_id=tenant_id,
            id=f"published_{now:012x}{self._ids.random()}",
            created_at=now,
            updated_at=now,
            values={"call": asdict(call), "expiresAt": now + _KEPT_MS},
            parent=channel,
        )
        DocumentRepository(self._table, PlainShelf(_KIND)).create(document, token=self._ids.random())

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
