"""`parlance token`: a user token for trying things out."""

from typing import Annotated

import typer

from parlance_cli.identity import operations
from parlance_cli.identity.login_sessions import MinutesOption
from parlance_cli.identity.users import UserArgument
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_json, print_line
from parlance_cli.place import deployment_of


def token(
    context: typer.Context,
    tenant: TenantArgument,
    user: UserArgument,
    issuer: Annotated[str | None, typer.Option(help="Whose secret signs it; the tenant's only one if unset.")] = None,
    minutes: MinutesOption = 60,
    as_json: JsonOption = False,
) -> None:
    """Begin a login session for a user and print a token for it, as the tenant's own backend would sign it."""
    signed = operations.sign_token(deployment_of(context), tenant, user, issuer_url=issuer, seconds=minutes * 60)
    if as_json:
        print_json({"token": signed})
    else:
        print_line(signed)
