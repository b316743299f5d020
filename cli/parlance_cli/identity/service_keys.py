"""`parlance service-key`: the pairs of `keyId` and `keySecret` that backends call with."""

from typing import Annotated, Any, Literal

import typer

from parlance.identity.service_keys import ServiceKey
from parlance_cli.identity import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_json, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list and reset service keys of the identity dialect.")


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    key_type: Annotated[
        Literal["ecdsa", "hawk"], typer.Option("--type", help="What it is for, as clients see it.")
    ] = "ecdsa",
    tag: Annotated[str, typer.Option(help="What to call it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Create a service key and print it."""
    _print(operations.create_service_key(deployment_of(context), tenant, key_type, tag), as_json=as_json)


@app.command("list")
def list_(
    context: typer.Context,
    tenant: TenantArgument,
    secrets: Annotated[bool, typer.Option("--secrets", help="Show the secrets as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List a tenant's service keys; their secrets only if you ask for them."""
    keys = operations.list_service_keys(deployment_of(context), tenant)
    rows = [_row(key) | ({"keySecret": key.secret} if secrets else {}) for key in keys]
    columns = ("keyId", *(["keySecret"] if secrets else []), "type", "tag", "created_at")
    print_rows(rows, columns=columns, empty="This tenant has no service keys.", as_json=as_json)


@app.command()
def reset(
    context: typer.Context,
    tenant: TenantArgument,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The keyId, as `service-key list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Replace a service key by a new one, which is printed. The old one stops working at once."""
    _print(operations.reset_service_key(deployment_of(context), tenant, key_id), as_json=as_json)


def _print(key: ServiceKey, *, as_json: bool) -> None:
    if as_json:
        print_json(_row(key) | {"keySecret": key.secret})
        return
    print_line(f"keyId     {key.key_id}")
    print_line(f"keySecret {key.secret}")


def _row(key: ServiceKey) -> dict[str, Any]:
    """Named as the dialect names its parts."""
    return {"keyId": key.key_id, "type": key.type, "tag": key.tag, "created_at": time_of(key.created_at)}
