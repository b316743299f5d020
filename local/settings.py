"""What a person can choose about the local cloud, and where its files are kept."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.errors import LocalCloudError

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_BIN = ROOT / ".venv" / "bin"
CLOUD_BIN = ROOT / ".cloud" / "bin"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`PORT` and `STATE_DIR`: two copies with different ones share nothing that could clash."""

    port: int
    state_dir: Path

    @classmethod
    def from_environment(cls) -> Self:
        """Read both, with the defaults that the documentation names."""
        given = os.environ.get("PORT") or "8000"
        if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 65535:
            raise LocalCloudError(f"PORT must be a number from 1 to 65535, not {given!r}")
        state_dir = Path(os.environ.get("STATE_DIR") or ".local").expanduser()
        return cls(port=int(given), state_dir=(ROOT / state_dir).resolve())

    @property
    def base_url(self) -> str:
        """The origin that clients use."""
        return f"http://localhost:{self.port}"

    @property
    def websocket_url(self) -> str:
        """Where a chat connects."""
        return f"ws://localhost:{self.port}/ws/chat"

    @property
    def connections_endpoint(self) -> str:
        """Where the functions post to connections; by number, so that no name needs resolving."""
        return f"http://127.0.0.1:{self.port}/_connections"

    @property
    def credentials_file(self) -> Path:
        """What the seeding leaves for people and tests to use."""
        return self.state_dir / "credentials.json"
