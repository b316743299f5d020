"""What operators do with a tenant's webhooks, budgets, usage and users, without a word about terminals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parlance.conversations.model import Conversation
from parlance.conversations.service import Conversations
from parlance.privacy.erasure import Erasure
from parlance.privacy.export import Exporter, Line
from parlance.privacy.retention import Applied, Retention
from parlance.usage.administration import BudgetAdministration
from parlance.usage.budgets import Budget, Scope, Standing
from parlance.usage.reports import Grouping, Reports, UsageLine, period
from parlance.webhooks.administration import CreatedWebhook, WebhookAdministration
from parlance.webhooks.model import Event, Webhook
from parlance_cli.deployment import Deployment
from parlance_cli.operations import require_tenant

_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed, and where the user is still named (nowhere, unless something went wrong)."""

    conversations: int
    connections: int
    left: Sequence[str]


def create_webhook(deployment: Deployment, tenant_id: str, url: str, events: Sequence[str]) -> CreatedWebhook:
    """Raises InvalidInputError, ConflictError; NotFoundError("tenant"), as all that follows does."""
    return _webhooks(deployment, tenant_id).create(tenant_id, url, frozenset(events))


def list_webhooks(deployment: Deployment, tenant_id: str) -> Sequence[Webhook]:
    return _webhooks(deployment, tenant_id).of_tenant(tenant_id)


def try_webhook(deployment: Deployment, tenant_id: str, webhook_id: str) -> Event:
    """Raises NotFoundError("webhook"), UnavailableError."""
    return _webhooks(deployment, tenant_id).test(tenant_id, webhook_id)


def enable_webhook(deployment: Deployment, tenant_id: str, webhook_id: str) -> None:
    """Raises NotFoundError("webhook")."""
    _webhooks(deployment, tenant_id).enable(tenant_id, webhook_id)


def delete_webhook(deployment: Deployment, tenant_id: str, webhook_id: str) -> None:
    """And its secret. Raises NotFoundError("webhook")."""
    _webhooks(deployment, tenant_id).remove(tenant_id, webhook_id)


def set_budget(deployment: Deployment, budget: Budget) -> Standing:
    """Raises InvalidInputError for a budget that limits nothing."""
    return _budgets(deployment, budget.tenant_id).set(budget)


def list_budgets(deployment: Deployment, tenant_id: str) -> Sequence[tuple[Budget, Standing]]:
    return _budgets(deployment, tenant_id).all(tenant_id)


def remove_budget(deployment: Deployment, tenant_id: str, scope: Scope) -> None:
    """Raises NotFoundError("budget")."""
    _budgets(deployment, tenant_id).remove(tenant_id, scope)


def usage(
    deployment: Deployment,
    tenant_id: str,
    *,
    first: str | None = None,
    last: str | None = None,
    by: Grouping | None = None,
    agent_id: str | None = None,
    user_id: str | None = None,
) -> list[UsageLine]:
    """Day by day; the last 30 unless days are named. Raises InvalidInputError."""
    require_tenant(deployment, tenant_id)
    since, until = period(first, last, clock=deployment.clock)
    return Reports(deployment.affairs.usage).lines(tenant_id, since, until, by=by, agent_id=agent_id, user_id=user_id)


def export(
    deployment: Deployment, tenant_id: str, *, user_id: str | None = None, conversation_id: str | None = None
) -> Iterator[Line]:
    """One conversation, all of a user's, or all of the tenant's. Raises NotFoundError("chat")."""
    require_tenant(deployment, tenant_id)
    exporter = Exporter(deployment.affairs.conversations)
    if conversation_id is not None:
        return exporter.conversation(tenant_id, conversation_id)
    if user_id is not None:
        return exporter.user(tenant_id, user_id)
    return _all_lines(exporter, deployment.affairs.census.conversations(tenant_id))


def retention(deployment: Deployment, tenant_id: str) -> int | None:
    require_tenant(deployment, tenant_id)
    return _retention(deployment).days(tenant_id)


def set_retention(deployment: Deployment, tenant_id: str, days: int | None) -> Applied:
    """Raises InvalidInputError."""
    require_tenant(deployment, tenant_id)
    return _retention(deployment).set(tenant_id, days)


def erase_user(deployment: Deployment, tenant_id: str, user_id: str, *, patience_seconds: float) -> Erased:
    """Erase, then look for the user in whole tables, until there is nothing left or no patience.

    Conversations are swept by the deployment's own workers, which wait for those that are being answered.
    """
    require_tenant(deployment, tenant_id)
    clock = deployment.clock
    conversations = Conversations(
        deployment.affairs.conversations,
        deployment.affairs.turns,
        deployment.affairs.sweeps,
        clock=clock,
        ids=deployment.ids,
    )
    erasure = Erasure(conversations, deployment.affairs.people)
    until = clock.monotonic() + patience_seconds
    first = erasure.erase(tenant_id, user_id)
    deleted, ended = first.conversations, first.connections
    while left := deployment.affairs.census.naming(tenant_id, user_id):
        if clock.monotonic() >= until:
            break
        clock.sleep(_PAUSE_SECONDS)
        again = erasure.erase(tenant_id, user_id)
        deleted, ended = deleted + again.conversations, ended + again.connections
    return Erased(deleted, ended, left)


def _all_lines(exporter: Exporter, conversations: Iterator[Conversation]) -> Iterator[Line]:
    for conversation in conversations:
        yield from exporter.lines(conversation)


def _retention(deployment: Deployment) -> Retention:
    return Retention(deployment.affairs.retention, deployment.affairs.census)


def _budgets(deployment: Deployment, tenant_id: str) -> BudgetAdministration:
    require_tenant(deployment, tenant_id)
    return BudgetAdministration(deployment.affairs.budgets, deployment.clock)


def _webhooks(deployment: Deployment, tenant_id: str) -> WebhookAdministration:
    require_tenant(deployment, tenant_id)
    return WebhookAdministration(
        deployment.affairs.webhooks,
        deployment.tenant_secrets,
        deployment.affairs.deliveries,
        deployment.affairs.webhook_guard,
        clock=deployment.clock,
        ids=deployment.ids,
    )
