"""`parlance tenant`: customers, each with users, chats, agents and keys of its own."""

from typing import Annotated, Any

import typer

from parlance.identity.model import Limits, Tenant
from parlance_cli import operations
from parlance_cli.output import JsonOption, print_created, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create and list tenants.")

_STANDARD = Limits()


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call the tenant.")],
    tenant_id: Annotated[str | None, typer.Option("--id", help="Its id; made up if you name none.")] = None,
    requests_per_minute: Annotated[
        int, typer.Option(min=1, help="REST requests a minute.")
    ] = _STANDARD.rest_per_minute,
    messages_per_second: Annotated[
        int, typer.Option(min=1, help="WebSocket messages a second on one connection.")
    ] = _STANDARD.messages_per_second,
    connections: Annotated[int, typer.Option(min=1, help="WebSocket connections at once.")] = _STANDARD.connections,
    parent: Annotated[str | None, typer.Option(help="The tenant that may act for it in the platform dialect.")] = None,
    email: Annotated[str | None, typer.Option(help="The address by which its parent may name it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a tenant."""
    limits = Limits(requests_per_minute, messages_per_second, connections)
    tenant = operations.create_tenant(
        deployment_of(context), name, tenant_id=tenant_id, limits=limits, parent_id=parent, email=email
    )
    print_created(_row(tenant), f"Created tenant {tenant.id}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, as_json: JsonOption = False) -> None:
    """List all tenants."""
    rows = [_row(tenant) for tenant in operations.list_tenants(deployment_of(context))]
    columns = ("id", "name", "requests_per_minute", "messages_per_second", "connections", "created_at")
    print_rows(rows, columns=columns, empty="There are no tenants.", as_json=as_json)


def _row(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "requests_per_minute": tenant.limits.rest_per_minute,
        "messages_per_second": tenant.limits.messages_per_second,
        "connections": tenant.limits.connections,
        "created_at": time_of(tenant.created_at),
    }
