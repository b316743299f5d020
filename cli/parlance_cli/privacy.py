"""`parlance erase`, `parlance conversation` and `parlance retention`: what is kept of users, and for how long."""

import json
from pathlib import Path
from typing import Annotated

import typer

from parlance_cli import affairs
from parlance_cli.errors import CliError
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created
from parlance_cli.place import deployment_of

conversations = typer.Typer(help="Export conversations.")
retention = typer.Typer(help="Show and set for how long messages are kept.")


def erase(
    context: typer.Context,
    tenant: TenantArgument,
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    patience: Annotated[float, typer.Option(min=0, help="Seconds to wait for what is still being removed.")] = 120,
    as_json: JsonOption = False,
) -> None:
    """Remove everything that is stored of a user, and look that nothing is left. Reads whole tables."""
    erased = affairs.erase_user(deployment_of(context), tenant, user, patience_seconds=patience)
    if erased.left:
        raise CliError(f"The user is still named in {len(erased.left)} places, first in {erased.left[0]}: erase again")
    row = {"user": user, "conversations": erased.conversations, "connections": erased.connections}
    told = f"Erased {user}: {erased.conversations} conversations. Nothing in the tables names this user any more."
    print_created(row, told, as_json=as_json)


@conversations.command()
def export(
    context: typer.Context,
    tenant: TenantArgument,
    user: Annotated[str | None, typer.Option(help="Only this user's.")] = None,
    conversation: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="A file to write, which must not be there yet. Standard output if unset.")
    ] = None,
) -> None:
    """Print conversations as lines of JSON. All of a tenant's are found by reading the whole table."""
    lines = affairs.export(deployment_of(context), tenant, user_id=user, conversation_id=conversation)
    if output is None:
        for line in lines:
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}") from error


@retention.command()
def show(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """Show for how many days a tenant's messages are kept."""
    days = affairs.retention(deployment_of(context), tenant)
    print_created({"days": days}, "Kept for ever" if days is None else f"Kept for {days} days", as_json=as_json)


@retention.command("set")
def set_(
    context: typer.Context,
    tenant: TenantArgument,
    days: Annotated[str, typer.Argument(metavar="DAYS", help="A number of days, or `forever`.")],
    as_json: JsonOption = False,
) -> None:
    """Keep messages for so many days, those that are there already included. Reads the whole table."""
    if days != "forever" and not (days.isascii() and days.isdigit()):
        raise CliError(f"DAYS is a number or `forever`, not {days!r}")
    applied = affairs.set_retention(deployment_of(context), tenant, None if days == "forever" else int(days[:9]))
    row = {"days": days, "conversations": applied.conversations, "items": applied.items}
    print_created(row, f"Kept {days}; changed {applied.conversations} conversations", as_json=as_json)
