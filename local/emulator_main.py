"""Runs the emulator under the interpreter of the cloud environment, for as long as its parent lives.

The parent keeps the write end of our standard input. When the parent goes, however it goes, the pipe closes
and the emulator is told to stop, which is also when it saves its state.
"""

import importlib
import os
import runpy
import signal
import sys
import threading
from typing import Any

_KEY_CONDITION = "KeyConditionExpression"


def check_key_conditions_once(dynamodb: Any) -> None:
    """Make long conversations as quick to query as short ones.

    The emulator checks the grammar of a query's key condition anew for every item of the partition. Here it is checked
    with the first item that it is evaluated for, and only evaluated for all others.
    """
    check_and_evaluate = dynamodb._evaluate_condition
    sound: dict[str, Any] = {}

    def evaluate(expression: str, item: Any, values: Any, names: Any, slot: str = "ConditionExpression") -> Any:
        if slot != _KEY_CONDITION:
            return check_and_evaluate(expression, item, values, names, slot)
        if expression not in sound:
            result = check_and_evaluate(expression, item, values, names, slot)
            sound[expression] = dynamodb._tokenize(expression)
            return result
        return dynamodb._ExprEval(sound[expression], item, values, names).evaluate()

    dynamodb._evaluate_condition = evaluate


def stop_when_orphaned() -> None:
    """Wait for the end of standard input, then ask this process to stop gracefully."""
    # Not through sys.stdin: its lock, held here, would make the interpreter abort when it ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_when_orphaned, daemon=True).start()
    check_key_conditions_once(importlib.import_module("ministack.services.dynamodb"))
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
