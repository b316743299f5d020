"""Sessions of the platform dialect in the Conversations table."""

from parlance.platform.sessions import SessionRecord
from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import Put, Table


class DynamoSessionStore:
    """`parlance.platform.sessions.SessionStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, record: SessionRecord) -> None:
        key = keys.session(record.tenant_id, record.conversation_id, record.token_hash)
        self._table.put(
            Put(
                {
                    "pk": key.pk,
                    "sk": key.sk,
                    "v": keys.SCHEMA_VERSION,
                    "valid_until": record.valid_until,
                    "expires_at": ttl_seconds(record.valid_until),
                }
            )
        )

    def get(self, tenant_id: str, conversation_id: str, token_hash: str) -> SessionRecord | None:
        item = self._table.get(keys.session(tenant_id, conversation_id, token_hash))
        return SessionRecord(tenant_id, conversation_id, token_hash, item["valid_until"]) if item else None
