"""`parlance issuer`: whose tokens a tenant trusts."""

from typing import Annotated, Any

import typer

from parlance.identity.issuers import Issuer
from parlance_cli.errors import CliError
from parlance_cli.identity import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_issued, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Add, list and remove the issuers of user tokens.")

IssuerArgument = Annotated[str, typer.Argument(metavar="ISSUER", help="A URL or URN: what its tokens say in `iss`.")]


@app.command()
def add(
    context: typer.Context,
    tenant: TenantArgument,
    issuer: IssuerArgument,
    audience: Annotated[str, typer.Option(help="What its tokens say in `aud`.")] = "parlance",
    jwks_url: Annotated[
        str | None, typer.Option(help="Where it publishes its keys (JWKS). Without it, it shares a secret (HS256).")
    ] = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(help="RS256 or ES256, beside --jwks-url; may be repeated."),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(envvar="PARLANCE_ISSUER_SECRET", help="The secret it signs with already; made up if unset."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Trust an issuer. A secret is printed, this once."""
    if jwks_url is None and algorithm:
        raise CliError("--algorithm goes with --jwks-url: an issuer that shares a secret signs with HS256")
    if jwks_url is None:
        _add_secret(context, tenant, issuer, audience, secret, as_json=as_json)
        return
    added = operations.add_jwks_issuer(
        deployment_of(context), tenant, issuer, audience, jwks_url=jwks_url, algorithms=algorithm or ["RS256"]
    )
    print_created(_row(added), f"Added issuer {added.url}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List the issuers that a tenant trusts, without their secrets."""
    rows = [_row(issuer) for issuer in operations.list_issuers(deployment_of(context), tenant)]
    columns = ("issuer", "audience", "algorithms", "jwks_url", "created_at")
    print_rows(rows, columns=columns, empty="This tenant trusts no issuer.", as_json=as_json)


@app.command()
def remove(context: typer.Context, tenant: TenantArgument, issuer: IssuerArgument) -> None:
    """Trust an issuer no more. Within a minute its tokens are refused."""
    operations.remove_issuer(deployment_of(context), tenant, issuer)
    print_line(f"Removed issuer {issuer}")


def _add_secret(
    context: typer.Context, tenant: str, url: str, audience: str, secret: str | None, *, as_json: bool
) -> None:
    added = operations.add_secret_issuer(deployment_of(context), tenant, url, audience, secret=secret)
    said = f"Added issuer {url}. Keep its secret."
    print_issued(_row(added.issuer), "secret", added.secret, said, as_json=as_json)


def _row(issuer: Issuer) -> dict[str, Any]:
    return {
        "issuer": issuer.url,
        "audience": issuer.audience,
        "algorithms": ", ".join(issuer.algorithms),
        "jwks_url": issuer.jwks_url,
        "created_at": time_of(issuer.created_at),
    }
