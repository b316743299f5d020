"""`parlance skillset`: what agents may do besides answering."""

from pathlib import Path
from typing import Annotated, Any

import typer

from parlance.agents.skills import Skillset, abilities_to
from parlance_cli import operations
from parlance_cli.files import read_file
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_json, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, replace, show and list skillsets.")

SkillsetArgument = Annotated[str, typer.Argument(metavar="SKILLSET", help="The skillset's id.")]


@app.command()
def put(
    context: typer.Context,
    tenant: TenantArgument,
    skillset: SkillsetArgument,
    from_file: Annotated[
        Path, typer.Option("--from-file", metavar="FILE", help="YAML or JSON: the list of its abilities.")
    ],
    name: Annotated[str | None, typer.Option(help="What to call the skillset.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a skillset, or replace the abilities of one."""
    kept = operations.put_skillset(deployment_of(context), tenant, skillset, name=name, abilities=read_file(from_file))
    print_created(_row(kept), f"Kept skillset {kept.id} with {len(kept.abilities)} abilities", as_json=as_json)


@app.command()
def show(context: typer.Context, tenant: TenantArgument, skillset: SkillsetArgument) -> None:
    """Show a skillset's abilities as JSON; `put --from-file` reads it back."""
    print_json(abilities_to(operations.get_skillset(deployment_of(context), tenant, skillset).abilities))


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's skillsets."""
    rows = [_row(skillset) for skillset in operations.list_skillsets(deployment_of(context), tenant)]
    columns = ("id", "name", "abilities", "updated_at")
    print_rows(rows, columns=columns, empty="This tenant has no skillsets.", as_json=as_json)


def _row(skillset: Skillset) -> dict[str, Any]:
    return {
        "id": skillset.id,
        "name": skillset.name,
        "abilities": ", ".join(ability.name for ability in skillset.abilities),
        "created_at": time_of(skillset.created_at),
        "updated_at": time_of(skillset.updated_at),
    }
