"""`parlance agent`: who answers in a tenant's chats."""

import json
from typing import Annotated, Any

import typer

from parlance.agents.definitions import Agent
from parlance_cli import operations
from parlance_cli.errors import CliError
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create and list agents.")


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    name: Annotated[str, typer.Option(help="What to call the agent.")],
    agent_id: Annotated[
        str | None,
        typer.Option("--id", help='Its id; made up if you name none. "default" answers where none is named.'),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The id of the dataset it answers from.")] = None,
    instructions: Annotated[str, typer.Option(help="How it should answer.")] = "",
    model: Annotated[str, typer.Option(help="The model that answers.")] = "extractive",
    setting: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting of the model; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create an agent."""
    agent = operations.create_agent(
        deployment_of(context),
        tenant,
        name,
        agent_id=agent_id,
        instructions=instructions,
        model=model,
        settings=parse_settings(setting or []),
        dataset_id=dataset,
    )
    print_created(_row(agent), f"Created agent {agent.id}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's agents."""
    rows = [_row(agent) for agent in operations.list_agents(deployment_of(context), tenant)]
    columns = ("id", "name", "model", "dataset", "created_at")
    print_rows(rows, columns=columns, empty="This tenant has no agents.", as_json=as_json)


def parse_settings(given: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs; a value that is JSON is taken as such, any other as text."""
    settings: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise CliError(f"--setting takes NAME=VALUE, not {pair!r}")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def _row(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "model": agent.model,
        "dataset": agent.dataset_id,
        "instructions": agent.instructions,
        "settings": dict(agent.settings),
        "created_at": time_of(agent.created_at),
    }
