"""Watches a DynamoDB client: which calls it makes, what they consume, and how many of them follow one another.

Calls that overlap in time count as one round trip, because their caller waits once. The emulator answers in well
under a millisecond, so each call is held for a moment, long enough for the others of its wave to begin.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HOLD_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Call:
    operation: str
    began: float
    ended: float
    units: float


@dataclass
class Recording:
    """The calls made while recording, in the order of their ends."""

    calls: list[Call] = field(default_factory=list)

    def until(self, moment: float) -> "Recording":
        return Recording([call for call in self.calls if call.ended <= moment])

    def since(self, moment: float) -> "Recording":
        return Recording([call for call in self.calls if call.began >= moment])

    @property
    def round_trips(self) -> int:
        """The longest chain of calls of which none overlaps the next."""
        trips, free_at = 0, float("-inf")
        for call in sorted(self.calls, key=lambda call: call.ended):
            if call.began >= free_at:
                trips, free_at = trips + 1, call.ended
        return trips

    def units(self, *operations: str) -> float:
        return sum(call.units for call in self.calls if call.operation in operations)

    @property
    def reads(self) -> float:
        return self.units(*_READS)

    @property
    def writes(self) -> float:
        return self.units("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")


class Recorder:
    """Hooks into a client for its life; records while asked to."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._recording: Recording | None = None
        self._began = threading.local()
        client.meta.events.register("provide-client-params.dynamodb", self._ask_for_units)
        client.meta.events.register("before-send.dynamodb", self._hold)
        client.meta.events.register("after-call.dynamodb", self._note)

    @contextmanager
    def record(self) -> Iterator[Recording]:
        self._recording = Recording()
        try:
            yield self._recording
        finally:
            self._recording = None

    def _ask_for_units(self, params: dict[str, Any], **_: object) -> None:
        self._began.at = time.monotonic()
        if self._recording is not None:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def _hold(self, **_: object) -> None:
        if self._recording is not None:
            time.sleep(_HOLD_SECONDS)

    def _note(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        if self._recording is None:
            return
        units = _read_units(model.name, parsed) if model.name in _READS else _told_units(parsed)
        self._recording.calls.append(Call(model.name, self._began.at, time.monotonic(), units))


_READS = ("GetItem", "BatchGetItem", "Query")
_READ_UNIT_BYTES = 4096


def _told_units(parsed: dict[str, Any]) -> float:
    consumed = parsed.get("ConsumedCapacity", [])
    each = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(one["CapacityUnits"] for one in each))


def _read_units(operation: str, parsed: dict[str, Any]) -> float:
    """Consistent reads by AWS's rule, 4 KB a unit: a query rounds up its sum, any other read each item.

    The emulator reports a flat unit for a query of any size, so what it says of reads is not used.
    """
    if operation == "Query":
        return max(1, math.ceil(sum(_size(item) for item in parsed["Items"]) / _READ_UNIT_BYTES))
    items = [parsed["Item"]] if "Item" in parsed else []
    for found in parsed.get("Responses", {}).values():
        items += found
    return sum(math.ceil(_size(item) / _READ_UNIT_BYTES) for item in items)


def _size(item: dict[str, Any]) -> int:
    """An item's size as AWS counts it: UTF-8 names and values; numbers roughly a byte for two digits."""
    return sum(
        len(name) + sum(_size_of(kind, content) for kind, content in typed.items()) for name, typed in item.items()
    )


def _size_of(kind: str, content: Any) -> int:
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "M":
            return 3 + _size(content) + len(content)
        case "L":
            return 3 + sum(1 + _size({"": one}) for one in content)
        case _:
            return 1
