"""The program as a whole: failures are one line on standard error and a status that is not zero."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from parlance_cli.errors import CliError, explained
from parlance_cli.output import error_console

DEBUG_OPTION = "--debug"
_INTERRUPTED = 130


class Program(TyperGroup):
    """A group of commands that explains itself instead of failing with a stack trace."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **named: Any) -> Any:
        """Run a command line and exit with its status."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            status = super().main(given, *others, **named | {"standalone_mode": False})
        except (typer.Abort, KeyboardInterrupt):
            raise SystemExit(_INTERRUPTED) from None
        except Exception as error:
            known = explained(error)
            if known is None and DEBUG_OPTION in given:
                raise
            raise SystemExit(_report(known or _unexpected(error))) from None
        raise SystemExit(status if isinstance(status, int) else 0)


def _report(error: CliError) -> int:
    error_console().print(f"parlance: {error.message}", markup=False)
    return error.exit_code


def _unexpected(error: Exception) -> CliError:
    said = " ".join(str(error).split())
    return CliError(f"Unexpected {type(error).__name__}: {said} (run with {DEBUG_OPTION} before the command for more)")
