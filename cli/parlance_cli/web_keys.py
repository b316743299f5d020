"""`parlance widget-key` and `parlance admin-key`: the keys of the widget dialect."""

from typing import Annotated, Any

import typer

from parlance.identity.web_keys import AdminKey, IssuedWebKey, WidgetKey, WidgetLimits
from parlance_cli import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_issued, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

widget_app = typer.Typer(help="Create, list and revoke the keys that web pages hold.")
admin_app = typer.Typer(help="Create, list and revoke the keys that operators hold.")

NameOption = Annotated[str, typer.Option(help="What the key is for.")]
_USUAL = WidgetLimits()
_COLUMNS = ("id", "name", "ends_in", "created_at", "revoked_at")


@widget_app.command("create")
def create_widget_key(
    context: typer.Context,
    tenant: TenantArgument,
    origin: Annotated[list[str], typer.Option(help="A page's origin, such as https://shop.example; may be repeated.")],
    agent: Annotated[str, typer.Option(help="The agent that answers.")] = "default",
    name: NameOption = "widget",
    per_minute: Annotated[int, typer.Option(min=1, help="Requests a minute in all.")] = _USUAL.per_minute,
    address_per_minute: Annotated[
        int, typer.Option(min=1, help="Requests a minute from one address.")
    ] = _USUAL.address_per_minute,
    as_json: JsonOption = False,
) -> None:
    """Create a widget key and print it, this once. It is bound to one agent and to the origins named."""
    limits = WidgetLimits(per_minute, address_per_minute)
    deployment = deployment_of(context)
    issued = operations.create_widget_key(deployment, tenant, name, agent_id=agent, origins=origin, limits=limits)
    _print_issued(issued, "widget_key", as_json=as_json)


@widget_app.command("list")
def list_widget_keys(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's widget keys, without the keys themselves."""
    rows = [_row(key) for key in operations.list_widget_keys(deployment_of(context), tenant)]
    columns = (*_COLUMNS[:3], "agent", "origins", *_COLUMNS[3:])
    print_rows(rows, columns=columns, empty="This tenant has no widget keys.", as_json=as_json)


@widget_app.command("revoke")
def revoke_widget_key(
    context: typer.Context,
    tenant: TenantArgument,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `widget-key list` shows it.")],
) -> None:
    """Revoke a widget key for good. Within a minute nothing accepts it any more."""
    print_line(f"Revoked key {operations.revoke_widget_key(deployment_of(context), tenant, key_id).id}")


@admin_app.command("create")
def create_admin_key(
    context: typer.Context, tenant: TenantArgument, name: NameOption = "admin", as_json: JsonOption = False
) -> None:
    """Create an admin key and print it, this once: it reads the conversations of the tenant's visitors."""
    _print_issued(operations.create_admin_key(deployment_of(context), tenant, name), "admin_key", as_json=as_json)


@admin_app.command("list")
def list_admin_keys(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's admin keys, without the keys themselves."""
    rows = [_row(key) for key in operations.list_admin_keys(deployment_of(context), tenant)]
    print_rows(rows, columns=_COLUMNS, empty="This tenant has no admin keys.", as_json=as_json)


@admin_app.command("revoke")
def revoke_admin_key(
    context: typer.Context,
    tenant: TenantArgument,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `admin-key list` shows it.")],
) -> None:
    """Revoke an admin key for good. Within a minute nothing accepts it any more."""
    print_line(f"Revoked key {operations.revoke_admin_key(deployment_of(context), tenant, key_id).id}")


def _print_issued[K: WidgetKey | AdminKey](issued: IssuedWebKey[K], field: str, *, as_json: bool) -> None:
    print_issued(_row(issued.key), field, issued.secret, f"Created key {issued.key.id}.", as_json=as_json)


def _row(key: WidgetKey | AdminKey) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": key.id,
        "name": key.name,
        "ends_in": key.hint,
        "created_at": time_of(key.created_at),
        "revoked_at": time_of(key.revoked_at),
    }
    if isinstance(key, WidgetKey):
        row |= {
            "agent": key.agent_id,
            "origins": " ".join(key.origins),
            "per_minute": key.limits.per_minute,
            "address_per_minute": key.limits.address_per_minute,
        }
    return row
