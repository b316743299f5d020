"""`parlance key`: the API keys of a tenant."""

from typing import Annotated, Any

import typer

from parlance.identity.keys import PLATFORM_PREFIX, PREFIX
from parlance.identity.model import ApiKey
from parlance_cli import operations
from parlance_cli.output import JsonOption, print_issued, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list and revoke API keys.")

TenantArgument = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's id.")]


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    platform: Annotated[
        bool, typer.Option("--platform", help="A secret (sk-…) for the platform dialect instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Create an API key and print it, this once: it is not stored."""
    issued = operations.create_key(deployment_of(context), tenant, name, prefix=PLATFORM_PREFIX if platform else PREFIX)
    created = f"Created key {issued.key.id}."
    print_issued(_row(issued.key), "api_key", issued.secret, created, as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's keys, without the keys themselves."""
    rows = [_row(key) for key in operations.list_keys(deployment_of(context), tenant)]
    columns = ("id", "name", "ends_in", "created_at", "revoked_at")
    print_rows(rows, columns=columns, empty="This tenant has no keys.", as_json=as_json)


@app.command()
def revoke(
    context: typer.Context,
    tenant: TenantArgument,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `key list` shows it.")],
) -> None:
    """Revoke a key for good. Within a minute nothing accepts it any more."""
    key = operations.revoke_key(deployment_of(context), tenant, key_id)
    print_line(f"Revoked key {key.id}")


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "ends_in": key.hint,
        "created_at": time_of(key.created_at),
        "revoked_at": time_of(key.revoked_at),
    }
