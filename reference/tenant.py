"""A tenant's own affairs over HTTP: usage, budgets, export, erasure, keys."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from parlance.http.routes import Route
from parlance.tenants.keys import KeyRest
from parlance.tenants.models import NewBudget, NewKey, NewWidgetKey
from parlance.tenants.rest import ROOT, TenantRest
from reference import tenant_answers as answers
from reference.answers import Error
from reference.chats import CHATS
from reference.operations import Body, Description, Dialect, Parameter

_JSON = "application/json"
_TEXT = {"type": "string"}
_ERRORS = {status: body for status, body in CHATS.errors.items() if status != 409}


def _json(about: str, model: type[BaseModel]) -> Body:
    return Body(about=about, content={_JSON: [model]})


def _query(name: str, about: str, *, required: bool = False, **schema: Any) -> Parameter:
    return Parameter(name=name, where="query", about=about, schema=_TEXT | schema, required=required)


def _routes() -> Sequence[Route[Any, Any]]:
    nobody: Any = None
    affairs = TenantRest(nobody, nobody, nobody, nobody, nobody, clock=nobody)
    return [*affairs.routes(), *KeyRest(nobody, nobody, nobody).routes()]


def _budgets_of(kind: str) -> dict[tuple[str, str], Description]:
    table, path = f"{ROOT}/budgets/{kind}/.+", f"{ROOT}/budgets/{kind}/{{{kind}_id}}"
    standing = _json("The budget", answers.BudgetStanding)
    return {
        ("GET", table): Description(summary=f"See the budget of one {kind}", path=path, answers={200: standing}),
        ("PUT", table): Description(
            summary=f"Set the budget of one {kind}",
            about="At least one limit is given. Over it, messages are refused with `BUDGET_EXCEEDED`.",
            path=path,
            sent=[NewBudget],
            answers={200: standing},
        ),
        ("DELETE", table): Description(
            summary=f"Remove the budget of one {kind}", path=path, answers={204: Body(about="There is none")}
        ),
    }


def _refused(summary: str) -> Description:
    return Description(
        summary=summary,
        about="Always refused: the tenant's own budget is set by whoever runs the deployment.",
        answers={403: _json("`FORBIDDEN`", Error)},
    )


_DESCRIBED = {
    ("GET", f"{ROOT}/usage"): Description(
        summary="See what was used, day by day",
        parameters=[
            _query("from", "The first day", format="date"),
            _query("to", "The last day; without any, the last 30 days", format="date"),
            _query("by", "A line for each", enum=["agent", "user"]),
            _query("agent_id", "Of this agent alone"),
            _query("user_id", "Of this user alone"),
        ],
        answers={200: _json("Days and their sum", answers.UsageReport)},
    ),
    ("GET", f"{ROOT}/budgets"): Description(
        summary="List the budgets", answers={200: _json("All of the tenant's", answers.BudgetList)}
    ),
    ("PUT", f"{ROOT}/budgets/tenant"): _refused("Set the budget of the tenant"),
    ("DELETE", f"{ROOT}/budgets/tenant"): _refused("Remove the budget of the tenant"),
    **_budgets_of("agent"),
    **_budgets_of("user"),
    ("GET", f"{ROOT}/retention"): Description(
        summary="See for how long messages are kept", answers={200: _json("In days", answers.Retention)}
    ),
    ("GET", f"{ROOT}/export"): Description(
        summary="Export what a user and their agents said",
        parameters=[_query("user_id", "Whose", required=True), _query("cursor", "Of the page before")],
        answers={200: _json("A page of chats and messages", answers.ExportPage)},
    ),
    ("DELETE", f"{ROOT}/users/.+"): Description(
        summary="Erase a user",
        about="All that is kept of the user goes, soon and for good. Whether there was such a user is not said.",
        path=f"{ROOT}/users/{{user_id}}",
        answers={202: _json("It will be done", answers.Accepted)},
    ),
}

_MADE = "The key's text is in this answer and never again: only its hash is stored."
_REVOKED = "For good. Nothing accepts the key any more a minute later; revoking it again changes nothing."
_DESCRIBED |= {
    ("GET", f"{ROOT}/keys"): Description(
        summary="List the API keys", answers={200: _json("Without their texts, revoked ones too", answers.KeyList)}
    ),
    ("POST", f"{ROOT}/keys"): Description(
        summary="Make an API key",
        about=f"{_MADE} Whoever has an API key can make more of them: after a leak, look at the list.",
        sent=[NewKey],
        answers={201: _json("The new key", answers.NewKeyMade)},
    ),
    ("DELETE", f"{ROOT}/keys/<key_id>"): Description(
        summary="Revoke an API key",
        about=f"{_REVOKED} The key of the call itself is refused (409).",
        answers={200: _json("The key, revoked", answers.Key), 409: _json("`CONFLICT`", Error)},
    ),
    ("GET", f"{ROOT}/widget-keys"): Description(
        summary="List the widget keys",
        answers={200: _json("Without their texts, revoked ones too", answers.WidgetKeyList)},
    ),
    ("POST", f"{ROOT}/widget-keys"): Description(
        summary="Make a widget key",
        about=_MADE,
        sent=[NewWidgetKey],
        answers={201: _json("The new key", answers.NewWidgetKeyMade)},
    ),
    ("DELETE", f"{ROOT}/widget-keys/<key_id>"): Description(
        summary="Revoke a widget key",
        about=_REVOKED,
        answers={200: _json("The key, revoked", answers.WidgetKeyShown)},
    ),
}

TENANT = Dialect(
    name="Tenant",
    about="What a tenant's backend sees and decides of its own affairs, in the manner of the chats dialect.",
    routes=_routes,
    described=_DESCRIBED,
    security=CHATS.security,
    errors=_ERRORS,
)
