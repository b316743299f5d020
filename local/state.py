"""The state directory of one copy of the local cloud."""

import base64
import fcntl
import secrets
import time
from pathlib import Path
from typing import IO

from local.emulator import free_port, port_is_free
from local.errors import LocalCloudError


def claim(state_dir: Path, seconds: float = 20) -> IO[str]:
    """Lock the directory for as long as the returned file, or anybody who inherits it, is open.

    The emulator inherits it: while one that lost its parent is still saving, nobody else starts on its state.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "lock").open("a")
    except OSError as error:
        raise LocalCloudError(f"cannot use the state directory {state_dir}: {error.strerror}") from error
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise LocalCloudError(
                    f"another copy uses {state_dir}; stop it, or choose another STATE_DIR and PORT"
                ) from None
            time.sleep(0.2)
        else:
            return lock


def emulator_port(state_dir: Path) -> int:
    """The port that this state was made on if it is free, since the queues' addresses contain it."""
    note = state_dir / "emulator.port"
    port = int(note.read_text()) if note.exists() else free_port()
    if not port_is_free(port):
        port = free_port()
    note.write_text(str(port))
    return port


def vault_key(state_dir: Path) -> str:
    """What the secrets in this state are encrypted with: 32 bytes in base64, made once and kept beside it."""
    kept = state_dir / "vault.key"
    if not kept.exists():
        draft = kept.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        draft.replace(kept)
    return kept.read_text()
