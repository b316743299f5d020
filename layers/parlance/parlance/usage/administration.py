"""Budgets as an operator or a tenant handles them."""

from parlance.clock import Clock
from parlance.errors import InvalidInputError, NotFoundError
from parlance.usage.budgets import Budget, Scope, Standing
from parlance.usage.port import BudgetStore


class BudgetAdministration:
    """Sets budgets and tells where they stand. A change is believed everywhere within a minute."""

    def __init__(self, store: BudgetStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def set(self, budget: Budget) -> Standing:
        """Raises InvalidInputError for a budget that limits nothing."""
        if budget.micros is None and budget.tokens is None:
            raise InvalidInputError("A budget limits the cost, the tokens, or both.")
        self._store.put(budget)
        return self.standing(budget)

    def get(self, tenant_id: str, scope: Scope) -> tuple[Budget, Standing]:
        """Raises NotFoundError("budget")."""
        budget = self._store.budget(tenant_id, scope)
        if budget is None:
            raise NotFoundError("budget")
        return budget, self.standing(budget)

    def all(self, tenant_id: str) -> list[tuple[Budget, Standing]]:
        return [(budget, self.standing(budget)) for budget in self._store.all(tenant_id)]

    def remove(self, tenant_id: str, scope: Scope) -> None:
        """Nothing is limited any more; what was spent stays known. Raises NotFoundError("budget")."""
        if not self._store.remove(tenant_id, scope):
            raise NotFoundError("budget")

    def standing(self, budget: Budget) -> Standing:
        return self._store.standing(budget.tenant_id, budget.scope, budget.window(self._clock.now()))
