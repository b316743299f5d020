"""Runs the emulator under the interpreter of the cloud environment, for as long as its parent lives.

The parent keeps the write end of our standard input. When the parent goes, however it goes, the pipe closes
and the emulator is told to stop, which is also when it saves its state.
"""

import importlib
import os
import re
import runpy
import signal
import sys
import threading
from collections.abc import Mapping
from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

_TEXT_RANGE = re.compile(r"(\w+) = (:\w+) AND (\w+) BETWEEN (:\w+) AND (:\w+)")


def hasten_queries(dynamodb: Any) -> None:
    """Make long conversations as quick to query as short ones.

    For every query the emulator sorts a whole partition and parses the key condition anew for each of its items. Here
    it is shown only those items of the partition that can be on the page, and parses a condition once.
    """
    query = dynamodb._query

    def query_quickly(data: dict[str, Any]) -> Any:
        tables = SimpleNamespace(get=lambda name: within_range(dynamodb._tables.get(name), data))
        return FunctionType(query.__code__, {**vars(dynamodb), "_tables": tables})(data)

    dynamodb._query = query_quickly
    dynamodb._condition_syntax_error = cache(dynamodb._condition_syntax_error)


def within_range(table: dict[str, Any] | None, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The table with no more than what a query for a range of texts can find, or as it is for any other query."""
    parts = _TEXT_RANGE.fullmatch(data.get("KeyConditionExpression") or "")
    if table is None or parts is None or not {"IndexName", "ExclusiveStartKey"}.isdisjoint(data):
        return table
    values = data.get("ExpressionAttributeValues") or {}
    pk, first, last = (values.get(parts[number], {}).get("S") for number in (2, 4, 5))
    if (parts[1], parts[3]) != (table["pk_name"], table["sk_name"]) or None in {pk, first, last}:
        return table
    items = table["items"].get(pk, {})
    found = sorted(sk for sk in list(items) if first <= sk <= last)
    # One more than fits the page tells the emulator that there is more.
    if limit := int(data.get("Limit") or 0):
        found = found[: limit + 1] if data.get("ScanIndexForward", True) else found[-limit - 1 :]
    return {**table, "items": {pk: {sk: items[sk] for sk in found if sk in items}}}


def stop_when_orphaned() -> None:
    """Wait for the end of standard input, then ask this process to stop gracefully."""
    # Not through sys.stdin: its lock, held here, would make the interpreter abort when it ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_when_orphaned, daemon=True).start()
    hasten_queries(importlib.import_module("ministack.services.dynamodb"))
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
