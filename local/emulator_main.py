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
from typing import Any

_TEXT_RANGE = re.compile(r"(\w+) = (:\w+) AND (\w+) BETWEEN (:\w+) AND (:\w+)")


def hasten_ranges(dynamodb: Any) -> None:
    """Make long conversations nearly as quick to query as short ones.

    The emulator parses a query's key condition anew for every item of the partition. Once it has found one to be
    sound, a range of texts is compared here instead; everything else stays the emulator's affair.
    """
    evaluate = dynamodb._evaluate_condition
    sound: dict[str, tuple[str, ...]] = {}

    def evaluate_quickly(expression: str, item: Any, values: Any, names: Any, slot: str = "ConditionExpression") -> Any:
        if slot == "KeyConditionExpression" and expression in sound:
            pk, is_pk, sk, first, last = sound[expression]
            try:
                return item[pk] == values[is_pk] and values[first]["S"] <= item[sk]["S"] <= values[last]["S"]
            except KeyError:
                return evaluate(expression, item, values, names, slot)
        result = evaluate(expression, item, values, names, slot)
        if slot == "KeyConditionExpression" and (parts := _TEXT_RANGE.fullmatch(expression)):
            sound[expression] = parts.groups()
        return result

    dynamodb._evaluate_condition = evaluate_quickly


def stop_when_orphaned() -> None:
    """Wait for the end of standard input, then ask this process to stop gracefully."""
    # Not through sys.stdin: its lock, held here, would make the interpreter abort when it ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_when_orphaned, daemon=True).start()
    hasten_ranges(importlib.import_module("ministack.services.dynamodb"))
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
