"""`parlance login-session`: a token is good only while the session that it names lives."""

from typing import Annotated, Any

import typer

from parlance.identity.login_sessions import LoginSession
from parlance_cli.identity import operations
from parlance_cli.identity.users import UserArgument
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, error_console, print_json, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Begin, list and end the login sessions of users.")

MinutesOption = Annotated[int, typer.Option(min=1, max=365 * 24 * 60, help="How long it lives.")]


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    user: UserArgument,
    minutes: MinutesOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Begin a login session and print its id, which tokens name in `sid`."""
    session = operations.create_login_session(deployment_of(context), tenant, user, seconds=minutes * 60)
    if as_json:
        print_json(_row(session))
        return
    error_console().print(f"It lives until {time_of(session.expires_at)}.", markup=False)
    print_line(session.id)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, user: UserArgument, as_json: JsonOption = False) -> None:
    """List the live login sessions of a user."""
    rows = [_row(session) for session in operations.list_login_sessions(deployment_of(context), tenant, user)]
    columns = ("id", "created_at", "expires_at")
    print_rows(rows, columns=columns, empty="This user is not signed in.", as_json=as_json)


@app.command()
def end(context: typer.Context, tenant: TenantArgument, user: UserArgument) -> None:
    """End all login sessions of a user. Tokens that name them let nobody in from then on."""
    operations.end_login_sessions(deployment_of(context), tenant, user)
    print_line(f"Ended all login sessions of user {user}")


def _row(session: LoginSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "user": session.account_id,
        "created_at": time_of(session.created_at),
        "expires_at": time_of(session.expires_at),
    }
