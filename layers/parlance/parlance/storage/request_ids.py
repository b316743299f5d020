"""Spent request ids in the Identity table: one item each, taken by a conditional put."""

from botocore.exceptions import BotoCoreError, ClientError

from parlance.storage import keys
from parlance.storage.items import ttl_seconds
from parlance.storage.table import ConditionFailedError, Put, Table, UnansweredError

_UNSPENT = "attribute_not_exists(pk) OR valid_until < :now"
_SERVER_ERROR = 500


class DynamoSpentRequests:
    """`parlance.identity.request_ids.SpentRequests` over the Identity table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def spend(self, tenant_id: str | None, request_hash: str, *, now: int, until: int) -> bool:
        key = keys.spent_request(tenant_id, request_hash)
        item = {
            "pk": key.pk,
            "sk": key.sk,
            "v": keys.SCHEMA_VERSION,
            "spent_at": now,
            "valid_until": until,
            "expires_at": ttl_seconds(until),
        }
        try:
            self._table.put(Put(item, when=_UNSPENT, values={"now": now}))
        except ConditionFailedError:
            return False
        except BotoCoreError as error:
            # The table cannot be reached at all: no name, no route, no credentials.
            raise UnansweredError(type(error).__name__) from error
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < _SERVER_ERROR:
                raise
            raise UnansweredError(error.response["Error"]["Code"]) from error
        return True
