"""Budgets and where they stand. A standing is one item, changed by single conditional writes, never in a transaction.

Many turns of a tenant change one item at once: such writes wait for each other, transactions would cancel each other.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from parlance.storage import keys
from parlance.storage.table import ConditionFailedError, Delete, Item, Key, Put, Table, Update
from parlance.usage.budgets import Amount, Budget, Reservation, Scope, Standing, window_ends
from parlance.usage.port import NotReservedError

_RESERVED = "reserved_"
_KEPT_SECONDS = 400 * 24 * 3600
"""Standings outlast their window by a year and some: they answer what was spent."""


class DynamoBudgetStore:
    """`parlance.usage.port.BudgetStore` over the Conversations table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, budget: Budget) -> None:
        self._table.put(Put(_budget_item(budget)))

    def remove(self, tenant_id: str, scope: Scope) -> bool:
        return self._table.delete(Delete(_budget_key(tenant_id, scope))) is not None

    def budget(self, tenant_id: str, scope: Scope) -> Budget | None:
        item = self._table.get(_budget_key(tenant_id, scope))
        return _budget_from(item) if item else None

    def among(self, tenant_id: str, scopes: Sequence[Scope]) -> list[Budget]:
        wanted = [_budget_key(tenant_id, scope) for scope in scopes]
        found = self._table.batch_get(wanted)
        return [_budget_from(found[key]) for key in wanted if key in found]

    def all(self, tenant_id: str) -> list[Budget]:
        stored = self._table.query_all(keys.budgets_pk(tenant_id), first="budget#", last=f"budget#{keys.HIGHEST}")
        return [_budget_from(item) for item in stored]

    def standing(self, tenant_id: str, scope: Scope, window: str) -> Standing:
        return _standing(self._table.get(_standing_key(tenant_id, scope, window)))

    def reserve(self, budget: Budget, window: str, reservation: Reservation) -> None:
        amount = reservation.amount
        values: dict[str, Any] = {
            "reservation": _reservation_map(reservation),
            "micros": amount.micros,
            "tokens": amount.tokens,
            "v": keys.SCHEMA_VERSION,
            "expires": int(datetime.combine(window_ends(window), time(), UTC).timestamp()) + _KEPT_SECONDS,
        }
        when = "attribute_not_exists(#own)"
        for name, limit, wanted in (("micros", budget.micros, amount.micros), ("tokens", budget.tokens, amount.tokens)):
            if limit is not None and wanted > limit:
                raise NotReservedError(self.standing(budget.tenant_id, budget.scope, window))
            if limit is not None:
                when += f" AND (attribute_not_exists({name}) OR {name} <= :{name}_before)"
                values[f"{name}_before"] = limit - wanted
        try:
            self._table.update(
                Update(
                    _standing_key(budget.tenant_id, budget.scope, window),
                    "SET #own = :reservation, v = :v, expires_at = :expires ADD micros :micros, tokens :tokens",
                    when=when,
                    values=values,
                    names={"#own": f"{_RESERVED}{reservation.conversation_id}"},
                )
            )
        except ConditionFailedError as error:
            raise NotReservedError(_standing(error.item)) from error

    def settle(self, tenant_id: str, scope: Scope, window: str, reservation: Reservation, used: Amount) -> None:
        change = used - reservation.amount
        try:
            self._table.update(
                Update(
                    _standing_key(tenant_id, scope, window),
                    "REMOVE #own ADD micros :micros, tokens :tokens",
                    when="#own.turn = :turn AND #own.attempt = :attempt",
                    values={
                        "micros": change.micros,
                        "tokens": change.tokens,
                        "turn": reservation.turn,
                        "attempt": reservation.attempt,
                    },
                    names={"#own": f"{_RESERVED}{reservation.conversation_id}"},
                )
            )
        except ConditionFailedError:
            return  # Settled before, by an earlier call or by somebody who found it left behind.


def _budget_key(tenant_id: str, scope: Scope) -> Key:
    return keys.budget(tenant_id, scope.kind, scope.id)


def _standing_key(tenant_id: str, scope: Scope, window: str) -> Key:
    return keys.spending(tenant_id, scope.kind, scope.id, window)


def _budget_item(budget: Budget) -> Item:
    key = _budget_key(budget.tenant_id, budget.scope)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "v": keys.SCHEMA_VERSION,
        "tenant_id": budget.tenant_id,
        "scope": budget.scope.kind,
        "scope_id": budget.scope.id,
        "period": budget.period,
        "micros": budget.micros,
        "tokens": budget.tokens,
    }


def _budget_from(item: Item) -> Budget:
    return Budget(
        tenant_id=item["tenant_id"],
        scope=Scope(item["scope"], item["scope_id"]),
        period=item["period"],
        micros=item.get("micros"),
        tokens=item.get("tokens"),
    )


def _reservation_map(reservation: Reservation) -> Item:
    return {
        "turn": reservation.turn,
        "attempt": reservation.attempt,
        "micros": reservation.amount.micros,
        "tokens": reservation.amount.tokens,
        "until": reservation.until,
    }


def _standing(item: Item | None) -> Standing:
    if item is None:
        return Standing()
    reservations = {
        name.removeprefix(_RESERVED): Reservation(
            conversation_id=name.removeprefix(_RESERVED),
            turn=value["turn"],
            attempt=value["attempt"],
            amount=Amount(value["micros"], value["tokens"]),
            until=value["until"],
        )
        for name, value in item.items()
        if name.startswith(_RESERVED)
    }
    return Standing(Amount(item["micros"], item["tokens"]), reservations)
