"""`parlance agent`: who answers in a tenant's chats."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from parlance.agents.definitions import Agent
from parlance.agents.drafts import draft_of
from parlance_cli import operations
from parlance_cli.errors import CliError
from parlance_cli.files import read_file
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_json, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, change, show and list agents.")

NameOption = Annotated[str | None, typer.Option(help="What to call the agent.")]
AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")]
FileOption = Annotated[
    Path | None,
    typer.Option("--from-file", metavar="FILE", help="YAML or JSON with what the agent is; options go before it."),
]
DatasetOption = Annotated[str | None, typer.Option(help="The id of the dataset it answers from.")]
SkillsetOption = Annotated[str | None, typer.Option(help="The id of the skillset whose abilities it may use.")]
InstructionsOption = Annotated[str | None, typer.Option(help="How it should answer.")]
ModelOption = Annotated[str | None, typer.Option(help="The model that answers; extractive if you name none.")]
SettingOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting of the model; may be repeated.")
]
HistoryOption = Annotated[int | None, typer.Option(help="How many tokens of the chat before the model is told.")]
RoundsOption = Annotated[int | None, typer.Option(help="How often in a turn the model may call tools.")]


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    name: NameOption = None,
    agent_id: Annotated[
        str | None,
        typer.Option("--id", help='Its id; made up if you name none. "default" answers where none is named.'),
    ] = None,
    from_file: FileOption = None,
    dataset: DatasetOption = None,
    skillset: SkillsetOption = None,
    instructions: InstructionsOption = None,
    model: ModelOption = None,
    setting: SettingOption = None,
    history_tokens: HistoryOption = None,
    max_rounds: RoundsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an agent."""
    given = _given(from_file, setting, name=name, dataset=dataset, skillset=skillset, instructions=instructions,
                   model=model, history_tokens=history_tokens, max_rounds=max_rounds)  # fmt: skip
    agent = operations.create_drafted_agent(deployment_of(context), tenant, given, agent_id=agent_id)
    print_created(_row(agent), f"Created agent {agent.id}", as_json=as_json)


@app.command()
def update(
    context: typer.Context,
    tenant: TenantArgument,
    agent_id: AgentArgument,
    name: NameOption = None,
    from_file: FileOption = None,
    dataset: DatasetOption = None,
    skillset: SkillsetOption = None,
    instructions: InstructionsOption = None,
    model: ModelOption = None,
    setting: SettingOption = None,
    history_tokens: HistoryOption = None,
    max_rounds: RoundsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change an agent. What is not named stays; settings are replaced as a whole."""
    given = _given(from_file, setting, name=name, dataset=dataset, skillset=skillset, instructions=instructions,
                   model=model, history_tokens=history_tokens, max_rounds=max_rounds)  # fmt: skip
    agent = operations.update_agent(deployment_of(context), tenant, agent_id, given)
    print_created(_row(agent), f"Changed agent {agent.id}", as_json=as_json)


@app.command()
def show(context: typer.Context, tenant: TenantArgument, agent_id: AgentArgument) -> None:
    """Show an agent as JSON; `update --from-file` reads it back."""
    print_json(draft_of(operations.get_agent(deployment_of(context), tenant, agent_id)))


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


def _given(from_file: Path | None, setting: list[str] | None, **options: object) -> dict[str, Any]:
    given = read_file(from_file) if from_file else {}
    if not isinstance(given, dict):
        raise CliError(f"{from_file} holds no agent")
    given |= {name: value for name, value in options.items() if value is not None}
    return given | ({"settings": parse_settings(setting)} if setting else {})


def _row(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "model": agent.model,
        "dataset": agent.dataset_id,
        "skillset": agent.skillset_id,
        "instructions": agent.instructions,
        "settings": dict(agent.settings),
        "created_at": time_of(agent.created_at),
    }
