"""`parlance webhook`: servers that are told how turns end."""

from typing import Annotated, Any

import typer

from parlance.webhooks.model import Webhook
from parlance_cli import operations
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, error_console, print_json, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list, enable and remove webhooks.")

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook's id.")]


@app.command()
def create(
    context: typer.Context,
    tenant: TenantArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="An https address.")],
    event: Annotated[
        list[str] | None, typer.Option(help="turn.done, turn.stopped or turn.failed; may be repeated. All if unset.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a webhook and print its signing secret, this once."""
    webhook, secret = operations.create_webhook(deployment_of(context), tenant, url, event or [])
    if as_json:
        print_json(_row(webhook) | {"secret": secret})
        return
    # The secret alone goes to standard output, so that it can be captured.
    error_console().print(f"Created webhook {webhook.id}. Its secret will not be shown again.", markup=False)
    print_line(secret)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's webhooks."""
    rows = [_row(webhook) for webhook in operations.list_webhooks(deployment_of(context), tenant)]
    columns = ("id", "url", "events", "created_at", "disabled_at")
    print_rows(rows, columns=columns, empty="This tenant has no webhooks.", as_json=as_json)


@app.command()
def enable(context: typer.Context, tenant: TenantArgument, webhook: WebhookArgument) -> None:
    """Call a webhook again that had answered that it was gone."""
    print_line(f"Enabled webhook {operations.enable_webhook(deployment_of(context), tenant, webhook).id}")


@app.command()
def remove(context: typer.Context, tenant: TenantArgument, webhook: WebhookArgument) -> None:
    """Remove a webhook and its secret."""
    operations.remove_webhook(deployment_of(context), tenant, webhook)
    print_line(f"Removed webhook {webhook}")


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": ", ".join(webhook.events),
        "created_at": time_of(webhook.created_at),
        "disabled_at": time_of(webhook.disabled_at),
    }
