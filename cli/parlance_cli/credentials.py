"""The notes that the local cloud leaves in its state directory: where it is, and the demo tenant's keys."""

import json
from collections.abc import Mapping
from pathlib import Path

from parlance_cli.errors import CliError, LocalCloudNotRunningError

ROOT = Path(__file__).resolve().parents[2]
FILE_NAME = "credentials.json"
VAULT_KEY_NAME = "vault.key"


def state_directory(given: str | None) -> Path:
    """Relative to the project, as `make run` takes it, so that the current directory does not matter."""
    return (ROOT / Path(given or ".local").expanduser()).resolve()


def read_credentials(state_dir: Path) -> Mapping[str, object]:
    """Raises LocalCloudNotRunningError when there are none."""
    file = state_dir / FILE_NAME
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise LocalCloudNotRunningError from error
    except (OSError, ValueError) as error:
        raise CliError(f"{file} cannot be read") from error
    if not isinstance(found, dict):
        raise CliError(f"{file} holds no credentials")
    return found


def read_vault_key(state_dir: Path) -> str:
    """What the local cloud encrypts secrets with. Raises LocalCloudNotRunningError when there is none."""
    try:
        return (state_dir / VAULT_KEY_NAME).read_text()
    except FileNotFoundError as error:
        raise LocalCloudNotRunningError from error


def text_of(credentials: Mapping[str, object], name: str) -> str | None:
    """One field, if it is there and is text."""
    value = credentials.get(name)
    return value if isinstance(value, str) and value else None
