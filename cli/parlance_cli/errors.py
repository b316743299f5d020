"""What the command line says when it cannot go on: one line, whoever is to blame."""

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from parlance.errors import ParlanceError
from parlance.identity.vault import VaultError
from parlance.storage.table import StorageError


class CliError(typer.TyperException):
    """Something the person at the terminal can act on; the message is the whole line."""


class LocalCloudNotRunningError(CliError):
    """There is nothing to talk to on this machine."""

    def __init__(self) -> None:
        super().__init__("The local cloud is not running: start it with make run")


def explained(error: Exception) -> CliError | None:
    """The one line for a failure that is foreseen, None for any other."""
    if isinstance(error, CliError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage(error)
    message = _message(error)
    return CliError(message) if message else None


def _message(error: Exception) -> str | None:
    match error:
        case ParlanceError():
            return _sentence(error)
        case ClientError() | BotoCoreError():
            return _aws(error)
        case StorageError():
            return "The table is busy or did not answer. Try again in a moment."
        case VaultError():
            return "A stored secret was sealed under another key than the stack's."
        case httpx.HTTPError() | httpx.InvalidURL():
            return f"The server cannot be reached: {_one_line(error)}"
    return None


def _usage(error: typer.TyperException) -> CliError:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    usage = CliError(f"{' '.join(error.format_message().split())}{hint}")
    usage.exit_code = error.exit_code
    return usage


def _sentence(error: ParlanceError) -> str:
    details = ", ".join(f"{name}: {value}" for name, value in error.details.items())
    return f"{error.message} ({details})" if details else error.message


def _aws(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return f"AWS refused: {error.response['Error'].get('Message') or error.response['Error']['Code']}"
    if isinstance(error, NoCredentialsError):
        return "No AWS credentials were found: name a profile with --profile, or sign in"
    if isinstance(error, EndpointConnectionError):
        return f"AWS cannot be reached: {_one_line(error)}"
    return f"AWS: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
