"""The named failures of storage calls. Apart from the table, so that knowing them costs no AWS SDK."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

type Item = dict[str, Any]


class StorageError(Exception):
    """A named failure of a storage call."""


class ConditionFailedError(StorageError):
    """The condition did not hold. `item` is what stood there, None if nothing did or it was not asked for."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("condition failed")
        self.item = item


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one operation of a transaction was cancelled; `code` is "None" for those that were not at fault."""

    code: str
    item: Item | None


class TransactionCancelledError(StorageError):
    """A transaction was refused as a whole; one reason per operation, in their order."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = tuple(reasons)

    def failed_condition(self, index: int) -> bool:
        return self.reasons[index].code == "ConditionalCheckFailed"


class ContendedError(StorageError):
    """Another write to the same item was under way, or the table throttled: try again after a pause."""


class UnansweredError(StorageError):
    """The call timed out or the connection broke: it may have been carried out."""
