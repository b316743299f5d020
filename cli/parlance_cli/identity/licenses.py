"""`parlance license`: what callers of the identity dialect show in `licensekey` and `license`."""

from typing import Annotated, Any, Literal

import typer

from parlance.identity.licenses import License
from parlance_cli.identity import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_issued, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list and revoke licenses of the identity dialect.")


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    auth_level: Annotated[
        Literal["system", "user"], typer.Option(help='What it opens; only "system" reaches the service keys.')
    ] = "user",
    name: Annotated[str, typer.Option(help="What the license is for.")] = "default",
    as_json: JsonOption = False,
) -> None:
    """Create a license and print it, this once: it is not stored."""
    issued = operations.create_license(deployment_of(context), tenant, name, auth_level)
    created = f"Created license {issued.license.id}."
    print_issued(_row(issued.license), "license", issued.text, created, as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's licenses, without the licenses themselves."""
    rows = [_row(found) for found in operations.list_licenses(deployment_of(context), tenant)]
    columns = ("id", "name", "auth_level", "ends_in", "created_at", "revoked_at")
    print_rows(rows, columns=columns, empty="This tenant has no licenses.", as_json=as_json)


@app.command()
def revoke(
    context: typer.Context,
    tenant: TenantArgument,
    license_id: Annotated[str, typer.Argument(metavar="LICENSE_ID", help="The id, as `license list` shows it.")],
) -> None:
    """Revoke a license for good. Within a minute nothing accepts it any more."""
    revoked = operations.revoke_license(deployment_of(context), tenant, license_id)
    print_line(f"Revoked license {revoked.id}")


def _row(found: License) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "auth_level": found.auth_level,
        "ends_in": found.hint,
        "created_at": time_of(found.created_at),
        "revoked_at": time_of(found.revoked_at),
    }
