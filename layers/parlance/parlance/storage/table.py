"""A thin, typed door to one DynamoDB table: plain Python values in and out, failures by name.

Expressions stay DynamoDB's own text. A `#name` in one needs no declaration: it stands for the attribute `name`
(for the reserved words). Values are given without their colon.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, HTTPClientError

from parlance.clock import Clock, SystemClock
from parlance.pauses import Pauses
from parlance.storage.failures import (
    ConditionFailedError,
    ContendedError,
    Item,
    Reason,
    StorageError,
    TransactionCancelledError,
    UnansweredError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Observer = Callable[[str, float], None]
type _Batch = list[dict[str, Any]]

__all__ = [
    "Check",
    "ConditionFailedError",
    "ContendedError",
    "Delete",
    "Item",
    "Key",
    "Observer",
    "Operation",
    "Page",
    "Put",
    "Reason",
    "StorageError",
    "Table",
    "TransactionCancelledError",
    "UnansweredError",
    "Update",
    "from_wire",
    "to_wire",
]

_BATCH_GET_MAX = 100
_BATCH_WRITE_MAX = 25
_BATCH_PATIENCE = 5.0
"""Seconds for what is left undone of one batch."""

_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Key:
    """The address of one item."""

    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Put:
    item: Item
    when: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """`names` is only for attributes whose names come from data."""

    key: Key
    expression: str
    when: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    when: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    key: Key
    when: str
    values: Mapping[str, Any] = field(default_factory=dict)


type Operation = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query; `last` is the sort key to go on after, None at the end."""

    items: list[Item]
    last: str | None


class _Deserializer(TypeDeserializer):
    """Numbers come back as int or float, sets as frozensets."""

    def _deserialize_n(self, value: str) -> int | float:
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else float(number)

    def _deserialize_ns(self, value: list[str]) -> frozenset[int | float]:
        return frozenset(self._deserialize_n(one) for one in value)


_serializer = TypeSerializer()
_deserializer = _Deserializer()


def _plain(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values to DynamoDB's typed ones; None values are left out, because an absent attribute means the same."""
    return {name: _serializer.serialize(_plain(value)) for name, value in item.items() if value is not None}


def from_wire(item: Mapping[str, Any]) -> Item:
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


class Table:
    """One table. Thread-safe, as the client is.

    `observer` is told the name of each call and the capacity units it consumed. `clock` times the pauses between
    tries of what a table short of capacity leaves undone.
    """

    def __init__(
        self, client: "DynamoDBClient", name: str, *, observer: Observer | None = None, clock: Clock | None = None
    ) -> None:
        self.client = client
        self.name = name
        self._observer = observer
        self._clock = clock or SystemClock()

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        answer = self._call("get_item", Key=_key(key), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def batch_get(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Read many items, consistently; absent ones are left out. Raises ContendedError."""
        found: dict[Key, Item] = {}

        def read(wanted: _Batch) -> _Batch:
            asked = {self.name: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._call_plain("batch_get_item", RequestItems=asked)
            for wire in answer["Responses"].get(self.name, []):
                item = from_wire(wire)
                found[Key(item["pk"], item["sk"])] = item
            left: _Batch = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            return left

        self._in_batches([_key(key) for key in keys], read, size=_BATCH_GET_MAX)
        return found

    def put(self, put: Put) -> None:
        """Raises ConditionFailedError, without the item."""
        self._call("put_item", Item=to_wire(put.item), **_condition(put.when, "", put.values))

    def update(self, update: Update) -> Item:
        """Write and read back the whole item. Raises ConditionFailedError with the item that stood there."""
        answer = self._call(
            "update_item",
            Key=_key(update.key),
            UpdateExpression=update.expression,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **_condition(update.when, update.expression, update.values, update.names),
        )
        return from_wire(answer["Attributes"])

    def delete(self, delete: Delete) -> Item | None:
        """Delete and return what stood there. Raises ConditionFailedError with the item."""
        answer = self._call(
            "delete_item",
            Key=_key(delete.key),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **_condition(delete.when, "", delete.values),
        )
        return from_wire(answer["Attributes"]) if answer.get("Attributes") else None

    def query(
        self,
        pk: str,
        *,
        first: str,
        last: str,
        limit: int | None = None,
        forward: bool = True,
        keys_only: bool = False,
    ) -> Page:
        """One page of the items whose sort key lies in [first, last], consistently."""
        extra: dict[str, Any] = {"Limit": limit} if limit is not None else {}
        if keys_only:
            extra["ProjectionExpression"] = "pk, sk"
        answer = self._call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_wire({":pk": pk, ":first": first, ":last": last}),
            ScanIndexForward=forward,
            ConsistentRead=True,
            **extra,
        )
        more = answer.get("LastEvaluatedKey")
        return Page([from_wire(item) for item in answer["Items"]], from_wire(more)["sk"] if more else None)

    def query_all(self, pk: str, *, first: str, last: str, keys_only: bool = False) -> Iterator[Item]:
        """Every item whose sort key lies in [first, last], ascending, page by page."""
        after: str | None = first
        while after is not None:
            page = self.query(pk, first=after, last=last, keys_only=keys_only)
            yield from page.items
            after = page.last + "\x00" if page.last is not None else None

    def scan(self, prefix: str) -> Iterator[Item]:
        """Every item of the table whose partition key begins with `prefix`. Reads, and bills, the whole table."""
        arguments: dict[str, Any] = {"ConsistentRead": True}
        if prefix:
            arguments |= {
                "FilterExpression": "begins_with(pk, :prefix)",
                "ExpressionAttributeValues": to_wire({":prefix": prefix}),
            }
        while True:
            answer = self._call("scan", **arguments)
            yield from (from_wire(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_write(self, *, puts: Sequence[Item] = (), deletes: Sequence[Key] = ()) -> None:
        """Write without conditions. Each item at most once. Raises ContendedError, with a part of them written."""

        def write(pending: _Batch) -> _Batch:
            answer = self._call_plain("batch_write_item", RequestItems={self.name: pending})
            left: _Batch = answer.get("UnprocessedItems", {}).get(self.name, [])
            return left

        requests: _Batch = [{"PutRequest": {"Item": to_wire(item)}} for item in puts]
        requests += [{"DeleteRequest": {"Key": _key(key)}} for key in deletes]
        self._in_batches(requests, write, size=_BATCH_WRITE_MAX)

    def transact(self, operations: Sequence[Operation], *, token: str) -> None:
        """All or none. The same `token` (up to 36 characters) within ten minutes does nothing twice.

        Raises TransactionCancelledError, ContendedError or UnansweredError.
        """
        self._call_plain(
            "transact_write_items",
            TransactItems=[self._operation(operation) for operation in operations],
            ClientRequestToken=token,
        )

    def _in_batches(self, requests: _Batch, call: Callable[[_Batch], _Batch], *, size: int) -> None:
        """`call` returns what the table has left undone of a batch, which is asked for again after a pause."""
        for start in range(0, len(requests), size):
            pauses, until = Pauses(self._clock), self._clock.monotonic() + _BATCH_PATIENCE
            left = call(requests[start : start + size])
            while left:
                if self._clock.monotonic() >= until:
                    raise ContendedError("the table left a part of a batch undone")
                pauses.pause()
                left = call(left)

    def _operation(self, operation: Operation) -> dict[str, Any]:
        body: dict[str, Any] = {"TableName": self.name, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        match operation:
            case Put(item, when, values):
                return {"Put": body | {"Item": to_wire(item)} | _condition(when, "", values)}
            case Update(key, expression, when, values, names):
                body |= {"Key": _key(key), "UpdateExpression": expression}
                return {"Update": body | _condition(when, expression, values, names)}
            case Delete(key, when, values):
                return {"Delete": body | {"Key": _key(key)} | _condition(when, "", values)}
            case Check(key, when, values):
                return {"ConditionCheck": body | {"Key": _key(key)} | _condition(when, "", values)}

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._call_plain(operation, TableName=self.name, **arguments)

    def _call_plain(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if self._observer:
            arguments["ReturnConsumedCapacity"] = "TOTAL"
        with _named_failures():
            answer = cast("dict[str, Any]", getattr(self.client, operation)(**arguments))
        if self._observer:
            consumed = answer.get("ConsumedCapacity", [])
            each = consumed if isinstance(consumed, list) else [consumed]
            self._observer(operation, sum(one["CapacityUnits"] for one in each))
        return answer


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _condition(
    when: str | None, expression: str, values: Mapping[str, Any], given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if when:
        arguments["ConditionExpression"] = when
    if values:
        arguments["ExpressionAttributeValues"] = to_wire({f":{name}": value for name, value in values.items()})
    names = {f"#{name}": name for name in _NAME.findall(f"{when or ''} {expression}")} | dict(given or {})
    if names:
        arguments["ExpressionAttributeNames"] = names
    return arguments


_CONTENTION = {
    "TransactionConflictException",
    "TransactionInProgressException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
}
_CONTENTION_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@contextmanager
def _named_failures() -> Iterator[None]:
    """Turn the failures that callers act on into named errors; any other ClientError passes."""
    try:
        yield
    except HTTPClientError as error:
        raise UnansweredError(type(error).__name__) from error
    except ClientError as error:
        raise _named(error) from error


def _named(error: ClientError) -> Exception:
    answer = cast("dict[str, Any]", error.response)
    code = answer["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        item = answer.get("Item")
        return ConditionFailedError(from_wire(item) if item else None)
    if code == "TransactionCanceledException":
        reasons = [
            Reason(one.get("Code", "None"), from_wire(one["Item"]) if one.get("Item") else None)
            for one in answer.get("CancellationReasons", [])
        ]
        # A failed condition tells more than the conflict beside it, so it wins.
        if any(one.code in _CONTENTION_REASONS for one in reasons) and not any(
            one.code == "ConditionalCheckFailed" for one in reasons
        ):
            return ContendedError("transaction conflict")
        return TransactionCancelledError(reasons)
    if code in _CONTENTION:
        return ContendedError(code)
    return error
