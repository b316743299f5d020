"""What people write down in files: YAML, of which JSON is a part."""

from pathlib import Path
from typing import Any

from parlance_cli.errors import CliError


def read_file(path: Path) -> Any:
    """Raises CliError for a file that cannot be read or is neither."""
    import yaml  # noqa: PLC0415 - most commands read no file

    try:
        return yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{path} cannot be read") from error
    except yaml.YAMLError as error:
        raise CliError(f"{path} is neither YAML nor JSON") from error
