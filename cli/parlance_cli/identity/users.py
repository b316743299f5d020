"""`parlance user`: the people of a tenant who sign in."""

from typing import Annotated, Any

import typer

from parlance.identity.users import CHATBOT, DEFAULT_COMMUNITY, Account
from parlance_cli.identity import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list, disable and enable users who sign in.")

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user's id, which tokens name in `sub`.")]


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="What to call the user.")],
    user_id: Annotated[str | None, typer.Option("--id", help="The user's id; made up if you name none.")] = None,
    community: Annotated[str, typer.Option(help="The community the user belongs to.")] = DEFAULT_COMMUNITY,
    permission: Annotated[
        list[str] | None, typer.Option(help=f"What the user may do; may be repeated. Only {CHATBOT} if you name none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a user."""
    account = operations.create_user(
        deployment_of(context),
        tenant,
        username,
        user_id=user_id,
        community_id=community,
        permissions=permission or [CHATBOT],
    )
    print_created(_row(account), f"Created user {account.id}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's users."""
    rows = [_row(account) for account in operations.list_users(deployment_of(context), tenant)]
    columns = ("id", "username", "community", "status", "permissions", "created_at")
    print_rows(rows, columns=columns, empty="This tenant has no users.", as_json=as_json)


@app.command()
def disable(context: typer.Context, tenant: TenantArgument, user: UserArgument) -> None:
    """Let a user in no more, and end all their login sessions for good."""
    account = operations.disable_user(deployment_of(context), tenant, user)
    print_line(f"Disabled user {account.id}")


@app.command()
def enable(context: typer.Context, tenant: TenantArgument, user: UserArgument) -> None:
    """Let a user sign in again."""
    account = operations.enable_user(deployment_of(context), tenant, user)
    print_line(f"Enabled user {account.id}")


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "username": account.username,
        "community": account.community_id,
        "status": account.status,
        "permissions": ", ".join(sorted(account.permissions)),
        "created_at": time_of(account.created_at),
    }
