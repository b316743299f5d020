"""Events as documents: each is one put, which costs half of a transaction."""

from collections.abc import Mapping
from typing import Any

from parlance.clock import Clock
from parlance.conversations.model import Claim, Usage
from parlance.ids import IdSource
from parlance.logs import logger
from parlance.platform.documents import Document
from parlance.platform.event_log import COMPLETION, KEPT_MS
from parlance.storage import keys
from parlance.storage.documents import PlainShelf
from parlance.storage.table import Put, StorageError, Table
from parlance.usage.port import UNKEPT_PREFIX


class DynamoEventLog:
    """`parlance.platform.event_log.Events` and `parlance.usage.port.Completions` over the Conversations table."""

    def __init__(self, table: Table, clock: Clock, ids: IdSource) -> None:
        self._table = table
        self._clock = clock
        self._ids = ids
        self._shelf = PlainShelf("event")

    def record(self, tenant_id: str, kind: str, ids: Mapping[str, str], meta: Mapping[str, Any] | None = None) -> None:
        now = self._clock.now()
        values = {**ids, "type": kind, "expiresAt": now + KEPT_MS, **({"meta": dict(meta)} if meta else {})}
        event = Document(tenant_id, f"event_{now:012x}{self._ids.random()}", now, now, values)
        key = self._shelf.key(tenant_id, "", event.id)
        item = {"pk": key.pk, "sk": key.sk, "v": keys.SCHEMA_VERSION, "rev": 0, **self._shelf.new_item(event)}
        try:
            self._table.put(Put(item))
        except StorageError as error:
            logger.warning("event not recorded", kind=kind, error=type(error).__name__)

    def completed(self, claim: Claim, usage: Usage) -> None:
        where, turn = claim.conversation, claim.turn
        ids = {}
        if not where.id.startswith(UNKEPT_PREFIX):
            ids = {"conversationId": where.id, "messageId": turn.message_id}
        if ":" not in where.agent_id:
            # Others serve one conversation only, and nobody knows their ids.
            ids["botId"] = where.agent_id
        meta = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens, "attempt": turn.attempt}
        self.record(where.tenant_id, COMPLETION, ids, meta)
