"""`parlance secret`: keys of model providers and of services that abilities call."""

import sys
from typing import Annotated

import typer

from parlance_cli import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_line, print_rows
from parlance_cli.place import deployment_of

app = typer.Typer(help="Set, list and remove secrets.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What agents and abilities call it.")]


@app.command("set")
def set_(context: typer.Context, tenant: TenantArgument, name: NameArgument) -> None:
    """Set a secret. It is asked for, or read from a pipe: on a command line others could see it."""
    secret = typer.prompt("Secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    operations.set_secret(deployment_of(context), tenant, name, secret)
    print_line(f"Set secret {name}")


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List the names of a tenant's secrets, without the secrets."""
    rows = [{"name": name} for name in operations.list_secrets(deployment_of(context), tenant)]
    print_rows(rows, columns=("name",), empty="This tenant has no secrets.", as_json=as_json)


@app.command()
def remove(context: typer.Context, tenant: TenantArgument, name: NameArgument) -> None:
    """Remove a secret for good."""
    operations.remove_secret(deployment_of(context), tenant, name)
    print_line(f"Removed secret {name}")
