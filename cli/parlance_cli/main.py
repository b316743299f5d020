"""The `parlance` program: its own options, and the groups of commands."""

from typing import Annotated

import typer

from parlance_cli import (
    agents,
    budgets,
    datasets,
    keys,
    pages,
    privacy,
    secrets,
    skillsets,
    tenants,
    web_keys,
    webhooks,
)
from parlance_cli.chat import command as chat
from parlance_cli.credentials import state_directory
from parlance_cli.identity import issuers, licenses, login_sessions, query, service_keys, tokens, users
from parlance_cli.place import Place
from parlance_cli.program import DEBUG_OPTION, Program

app = typer.Typer(
    cls=Program,
    help="Run Parlance: tenants, keys, users, agents, tools, secrets, webhooks, datasets, budgets; and chat.",
    epilog="Works on the local cloud unless --stack names a deployed stack.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tenants.app, name="tenant")
app.add_typer(keys.app, name="key")
app.add_typer(web_keys.widget_app, name="widget-key")
app.add_typer(web_keys.admin_app, name="admin-key")
app.add_typer(agents.app, name="agent")
app.add_typer(skillsets.app, name="skillset")
app.add_typer(secrets.app, name="secret")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(datasets.app, name="dataset")
app.add_typer(licenses.app, name="license")
app.add_typer(service_keys.app, name="service-key")
app.add_typer(users.app, name="user")
app.add_typer(issuers.app, name="issuer")
app.add_typer(login_sessions.app, name="login-session")
app.command("token")(tokens.token)
app.add_typer(pages.app, name="pages")
app.add_typer(budgets.app, name="budget")
app.command("usage")(budgets.usage)
app.command("erase")(privacy.erase)
app.add_typer(privacy.conversations, name="conversation")
app.add_typer(privacy.retention, name="retention")
app.command("chat")(chat.chat)
app.command("query")(query.query)


@app.callback()
def program(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option(envvar="PARLANCE_STACK", help="A deployed CloudFormation stack to work on.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="The AWS region of the stack.")] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile to use.")] = None,
    state_dir: Annotated[
        str | None, typer.Option(envvar="STATE_DIR", help="Where the local cloud keeps its state; .local if unset.")
    ] = None,
    _debug: Annotated[bool, typer.Option(DEBUG_OPTION, help="Show the trace of an unexpected error.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    if context.obj is None:
        context.obj = Place(state_directory(state_dir), stack, region, profile)


def main() -> None:
    """What the installed script calls."""
    app(prog_name="parlance")
