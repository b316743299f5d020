"""Serves the streaming app in the working directory on a socket that was handed down, for as long as the parent lives.

Run without site-packages: all that it finds is what the function was deployed with. The parent keeps the write end of
our standard input. When the parent goes, however it goes, the pipe closes and the server is told to stop.
"""

import os
import signal
import socket
import sys
import threading

from parlance.http.serving import serve, the_app


def stop_when_orphaned() -> None:
    """Wait for the end of standard input, then ask this process to stop."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_when_orphaned, daemon=True).start()
    serve(the_app(), sockets=[socket.socket(fileno=int(sys.argv[1]))])
