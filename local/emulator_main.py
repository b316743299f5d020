"""Runs the emulator under the interpreter of the cloud environment, for as long as its parent lives.

The parent keeps the write end of our standard input. When the parent goes, however it goes, the pipe closes
and the emulator is told to stop, which is also when it saves its state.
"""

import os
import runpy
import signal
import sys
import threading


def stop_when_orphaned() -> None:
    """Wait for the end of standard input, then ask this process to stop gracefully."""
    # Not through sys.stdin: its lock, held here, would make the interpreter abort when it ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_when_orphaned, daemon=True).start()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
