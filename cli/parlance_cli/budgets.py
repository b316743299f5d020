"""`parlance budget` and `parlance usage`: what may be spent, and what was."""

from typing import Annotated, Any

import typer

from parlance.tenants import views
from parlance.usage.budgets import TENANT, Budget, Period, Scope
from parlance.usage.reports import grouping_of
from parlance_cli import affairs
from parlance_cli.errors import CliError
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_json, print_line, print_rows
from parlance_cli.place import deployment_of

app = typer.Typer(help="Set, list and remove budgets.")

AgentOption = Annotated[str | None, typer.Option(help="An agent's id.")]
UserOption = Annotated[str | None, typer.Option(help="A user's id.")]


@app.command("set")
def set_(
    context: typer.Context,
    tenant: TenantArgument,
    agent: AgentOption = None,
    user: UserOption = None,
    period: Annotated[str, typer.Option(help="day or month, in UTC.")] = "month",
    cost: Annotated[
        int | None, typer.Option(metavar="MICROS", min=0, help="In millionths of the deployment's currency.")
    ] = None,
    tokens: Annotated[int | None, typer.Option(min=0, help="Tokens of both kinds together.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Set the budget of a tenant, or of one of its agents or users."""
    deployment = deployment_of(context)
    budget = Budget(tenant, _scope(agent, user), _period(period), cost, tokens)
    standing = affairs.set_budget(deployment, budget)
    row = views.budget(budget, standing, now=deployment.clock.now())
    print_created(row, f"Set the budget of {_named(budget.scope, tenant)}", as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's budgets and where they stand."""
    deployment = deployment_of(context)
    now = deployment.clock.now()
    found = affairs.list_budgets(deployment, tenant)
    rows = [views.budget(budget, standing, now=now) for budget, standing in found]
    if not as_json:
        rows = [_flat(row) for row in rows]
    columns = ("scope", "id", "period", "cost", "spent", "reserved", "tokens", "tokens_spent")
    print_rows(rows, columns=columns, empty="This tenant has no budgets.", as_json=as_json)


@app.command()
def remove(context: typer.Context, tenant: TenantArgument, agent: AgentOption = None, user: UserOption = None) -> None:
    """Remove a budget: nothing is limited any more."""
    scope = _scope(agent, user)
    affairs.remove_budget(deployment_of(context), tenant, scope)
    print_line(f"Removed the budget of {_named(scope, tenant)}")


def usage(
    context: typer.Context,
    tenant: TenantArgument,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day, as 2026-11-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; today if unset.")] = None,
    by: Annotated[str | None, typer.Option(help="agent or user: a line for each of them.")] = None,
    agent: AgentOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a tenant used, day by day."""
    grouping = grouping_of(by)
    lines = affairs.usage(
        deployment_of(context), tenant, first=first, last=last, by=grouping, agent_id=agent, user_id=user
    )
    report = views.usage(lines, grouping)
    if as_json:
        print_json(report)
        return
    columns = ("day", *((grouping,) if grouping else ()), "attempts", "input_tokens", "output_tokens", "cost_micros")
    rows = [*report["usage"], {"day": "total", **report["total"]}] if lines else []
    print_rows(rows, columns=columns, empty="Nothing was used in these days.", as_json=False)


def _scope(agent: str | None, user: str | None) -> Scope:
    if agent is not None and user is not None:
        raise CliError("A budget is an agent's or a user's, not both")
    if agent is not None:
        return Scope("agent", agent)
    return TENANT if user is None else Scope("user", user)


def _named(scope: Scope, tenant: str) -> str:
    return f"{scope.kind} {scope.id or tenant}"


def _period(text: str) -> Period:
    match text:
        case "day":
            return "day"
        case "month":
            return "month"
    raise CliError(f"--period is day or month, not {text!r}")


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "scope": row["scope"],
        "id": row["id"],
        "period": row["period"],
        "cost": row["cost_micros"],
        "spent": row["spent"]["cost_micros"],
        "reserved": row["reserved"]["cost_micros"],
        "tokens": row["tokens"],
        "tokens_spent": row["spent"]["tokens"],
    }
