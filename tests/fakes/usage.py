"""Budgets and records of usage in memory: what the ports say, under one lock."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from parlance.conversations.model import Conversation
from parlance.usage.budgets import Amount, Budget, Reservation, Scope, Standing
from parlance.usage.port import NotReservedError, UsageRow


class MemoryBudgetStore:
    """`parlance.usage.port.BudgetStore`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._budgets: dict[tuple[str, Scope], Budget] = {}
        self._standings: dict[tuple[str, Scope, str], Standing] = {}

    def put(self, budget: Budget) -> None:
        self._budgets[budget.tenant_id, budget.scope] = budget

    def remove(self, tenant_id: str, scope: Scope) -> bool:
        return self._budgets.pop((tenant_id, scope), None) is not None

    def budget(self, tenant_id: str, scope: Scope) -> Budget | None:
        return self._budgets.get((tenant_id, scope))

    def among(self, tenant_id: str, scopes: Sequence[Scope]) -> list[Budget]:
        return [self._budgets[tenant_id, scope] for scope in scopes if (tenant_id, scope) in self._budgets]

    def all(self, tenant_id: str) -> list[Budget]:
        found = [budget for (owner, _), budget in self._budgets.items() if owner == tenant_id]
        return sorted(found, key=lambda budget: (budget.scope.kind, budget.scope.id))

    def standing(self, tenant_id: str, scope: Scope, window: str) -> Standing:
        return self._standings.get((tenant_id, scope, window), Standing())

    def reserve(self, budget: Budget, window: str, reservation: Reservation) -> None:
        with self._lock:
            standing = self.standing(budget.tenant_id, budget.scope, window)
            after = standing.committed + reservation.amount
            no_money = budget.micros is not None and after.micros > budget.micros
            no_tokens = budget.tokens is not None and after.tokens > budget.tokens
            if no_money or no_tokens or reservation.conversation_id in standing.reservations:
                raise NotReservedError(standing)
            reservations = {**standing.reservations, reservation.conversation_id: reservation}
            self._standings[budget.tenant_id, budget.scope, window] = Standing(after, reservations)

    def settle(self, tenant_id: str, scope: Scope, window: str, reservation: Reservation, used: Amount) -> None:
        with self._lock:
            standing = self.standing(tenant_id, scope, window)
            stands = standing.reservations.get(reservation.conversation_id)
            if stands is None or not stands.is_of(reservation.turn, reservation.attempt):
                return
            rest = {name: one for name, one in standing.reservations.items() if one is not stands}
            committed = standing.committed + used - reservation.amount
            self._standings[tenant_id, scope, window] = Standing(committed, rest)


class MemoryUsageStore:
    """`parlance.usage.port.UsageStore`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str, str], tuple[int, UsageRow]] = {}

    def record(self, conversation: Conversation) -> None:
        if conversation.usage is None:
            return
        key = (conversation.tenant_id, conversation.usage.day, conversation.id)
        row = UsageRow(conversation.id, conversation.agent_id, conversation.user_id, replace(conversation.usage))
        with self._lock:
            if key not in self._rows or self._rows[key][0] < conversation.ended_attempts:
                self._rows[key] = (conversation.ended_attempts, row)

    def is_recorded(self, conversation: Conversation) -> bool:
        if conversation.usage is None:
            return True
        key = (conversation.tenant_id, conversation.usage.day, conversation.id)
        return key in self._rows and self._rows[key][0] >= conversation.ended_attempts

    def of_day(self, tenant_id: str, day: str) -> list[UsageRow]:
        found = sorted(key for key in self._rows if key[:2] == (tenant_id, day))
        return [self._rows[key][1] for key in found]

    def of_user(self, tenant_id: str, user_id: str, *, first_day: str, last_day: str) -> list[UsageRow]:
        found = sorted(key for key in self._rows if key[0] == tenant_id and first_day <= key[1] <= last_day)
        return [self._rows[key][1] for key in found if self._rows[key][1].user_id == user_id]
