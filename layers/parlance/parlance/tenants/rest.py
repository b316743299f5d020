"""The REST calls with which a tenant looks after its own affairs."""

from collections.abc import Callable
from functools import partial

from pydantic import BaseModel, ConfigDict

from parlance.chats.models import AgentId, UserId, read
from parlance.clock import Clock
from parlance.errors import ForbiddenError, InvalidInputError
from parlance.http.answers import Answer
from parlance.http.requests import Request
from parlance.http.routes import Route
from parlance.identity.model import Principal
from parlance.privacy.erasure import Erasures
from parlance.privacy.export import Exporter
from parlance.privacy.port import RetentionStore
from parlance.tenants import views
from parlance.tenants.models import NewBudget
from parlance.usage.administration import BudgetAdministration
from parlance.usage.budgets import Budget, Scope
from parlance.usage.reports import Reports, grouping_of, period

ERASURE_PASSES = 2
ROOT = "/api/v1/tenant"
_AGENT_BUDGETS = f"{ROOT}/budgets/agent/"
_USER_BUDGETS = f"{ROOT}/budgets/user/"
_USERS = f"{ROOT}/users/"


type _ScopeOf = Callable[[Request], Scope]


class _Names(BaseModel):
    """Ids as they stand in paths and queries."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    agent_id: AgentId | None = None
    user_id: UserId | None = None


class TenantRest:
    """The group's routes. A key reaches its own tenant only, and cannot raise the budget that limits that tenant."""

    def __init__(
        self,
        reports: Reports,
        budgets: BudgetAdministration,
        exporter: Exporter,
        erasures: Erasures,
        retention: RetentionStore,
        *,
        clock: Clock,
    ) -> None:
        self._reports = reports
        self._budgets = budgets
        self._exporter = exporter
        self._erasures = erasures
        self._retention = retention
        self._clock = clock

    def routes(self) -> list[Route[Principal]]:
        # The ids of agents and users may hold slashes, so their routes take the whole rest of the path.
        budgets: list[Route[Principal]] = [
            Route(method, f"{prefix}.+", partial(answer, scope_of))
            for prefix, scope_of in ((_AGENT_BUDGETS, _agent_scope), (_USER_BUDGETS, _user_scope))
            for method, answer in (("GET", self.budget), ("PUT", self.set_budget), ("DELETE", self.remove_budget))
        ]
        return [
            Route("GET", f"{ROOT}/usage", self.usage),
            Route("GET", f"{ROOT}/budgets", self.budgets),
            Route("PUT", f"{ROOT}/budgets/tenant", self.refuse_tenant_budget),
            Route("DELETE", f"{ROOT}/budgets/tenant", self.refuse_tenant_budget),
            *budgets,
            Route("GET", f"{ROOT}/retention", self.retention),
            Route("GET", f"{ROOT}/export", self.export),
            Route("DELETE", f"{_USERS}.+", self.erase),
        ]

    def usage(self, request: Request, caller: Principal) -> Answer:
        since, until = period(request.query("from"), request.query("to"), clock=self._clock)
        by = grouping_of(request.query("by"))
        names = _names(agent_id=request.query("agent_id"), user_id=request.query("user_id"))
        lines = self._reports.lines(
            caller.tenant_id, since, until, by=by, agent_id=names.agent_id, user_id=names.user_id
        )
        return Answer(200, views.usage(lines, by))

    def budgets(self, _: Request, caller: Principal) -> Answer:
        now = self._clock.now()
        found = self._budgets.all(caller.tenant_id)
        return Answer(200, {"budgets": [views.budget(one, standing, now=now) for one, standing in found]})

    def budget(self, scope_of: _ScopeOf, request: Request, caller: Principal) -> Answer:
        one, standing = self._budgets.get(caller.tenant_id, scope_of(request))
        return Answer(200, views.budget(one, standing, now=self._clock.now()))

    def set_budget(self, scope_of: _ScopeOf, request: Request, caller: Principal) -> Answer:
        wanted = read(NewBudget, request.json_object())
        budget = Budget(caller.tenant_id, scope_of(request), wanted.period, wanted.cost_micros, wanted.tokens)
        return Answer(200, views.budget(budget, self._budgets.set(budget), now=self._clock.now()))

    def remove_budget(self, scope_of: _ScopeOf, request: Request, caller: Principal) -> Answer:
        self._budgets.remove(caller.tenant_id, scope_of(request))
        return Answer(204)

    def refuse_tenant_budget(self, _: Request, __: Principal) -> Answer:
        raise ForbiddenError("The budget of the tenant itself is set by whoever runs this deployment.")

    def retention(self, _: Request, caller: Principal) -> Answer:
        return Answer(200, {"days": self._retention.days(caller.tenant_id)})

    def export(self, request: Request, caller: Principal) -> Answer:
        names = _names(user_id=request.query("user_id"))
        if names.user_id is None:
            raise InvalidInputError("user_id is required.", details={"parameter": "user_id"})
        page = self._exporter.page(caller.tenant_id, names.user_id, request.query("cursor"))
        return Answer(200, {"items": list(page.lines), "cursor": page.cursor})

    def erase(self, request: Request, caller: Principal) -> Answer:
        """Whether there is such a user is not said: after an erasure nobody can know."""
        names = _names(user_id=request.path_after(_USERS))
        self._erasures.erase(caller.tenant_id, names.user_id or "", passes=ERASURE_PASSES, delay_seconds=0)
        return Answer(202, {"status": "accepted"})


def _agent_scope(request: Request) -> Scope:
    """Raises InvalidInputError."""
    return Scope("agent", _names(agent_id=request.path_after(_AGENT_BUDGETS)).agent_id or "")


def _user_scope(request: Request) -> Scope:
    """Raises InvalidInputError."""
    return Scope("user", _names(user_id=request.path_after(_USER_BUDGETS)).user_id or "")


def _names(*, agent_id: str | None = None, user_id: str | None = None) -> _Names:
    return read(_Names, {"agent_id": agent_id, "user_id": user_id})
