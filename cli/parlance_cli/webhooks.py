"""`parlance webhook`: servers that are told how turns end."""

from typing import Annotated, Any

import typer

from parlance.webhooks.model import EVENT_TYPES, Webhook
from parlance_cli import affairs
from parlance_cli.keys import TenantArgument
from parlance_cli.output import JsonOption, print_created, print_issued, print_line, print_rows, time_of
from parlance_cli.place import deployment_of

app = typer.Typer(help="Create, list, test, enable and delete webhooks.")

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
    created = affairs.create_webhook(deployment_of(context), tenant, url, event or [])
    said = f"Created webhook {created.webhook.id}. Keep its secret."
    print_issued(_row(created.webhook), "secret", created.secret, said, as_json=as_json)


@app.command("list")
def list_(context: typer.Context, tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List a tenant's webhooks."""
    rows = [_row(webhook) for webhook in affairs.list_webhooks(deployment_of(context), tenant)]
    columns = ("id", "url", "events", "created_at", "disabled_at")
    print_rows(rows, columns=columns, empty="This tenant has no webhooks.", as_json=as_json)


@app.command("test")
def try_(context: typer.Context, tenant: TenantArgument, webhook: WebhookArgument, as_json: JsonOption = False) -> None:
    """Send a webhook an event that says nothing, the way that all others go."""
    event = affairs.try_webhook(deployment_of(context), tenant, webhook)
    print_created({"id": event.id, "type": event.type}, f"Queued {event.type} {event.id}", as_json=as_json)


@app.command()
def enable(context: typer.Context, tenant: TenantArgument, webhook: WebhookArgument) -> None:
    """Call a webhook again that had answered that it was gone."""
    affairs.enable_webhook(deployment_of(context), tenant, webhook)
    print_line(f"Enabled webhook {webhook}")


@app.command()
def delete(context: typer.Context, tenant: TenantArgument, webhook: WebhookArgument) -> None:
    """Delete a webhook and its secret."""
    affairs.delete_webhook(deployment_of(context), tenant, webhook)
    print_line(f"Deleted webhook {webhook}")


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": ", ".join(event for event in EVENT_TYPES if event in webhook.events),
        "created_at": time_of(webhook.created_at),
        "disabled_at": time_of(webhook.disabled_at),
        "disabled_because": webhook.disabled_because,
    }
