"""Budgets in every implementation: room, reservations, settlements."""

from dataclasses import replace
from uuid import uuid4

import pytest

from parlance.storage.budgets import DynamoBudgetStore
from parlance.usage.budgets import TENANT, Amount, Budget, Reservation, Scope, Standing
from parlance.usage.port import BudgetStore, NotReservedError
from tests.fakes.clock import START
from tests.fakes.usage import MemoryBudgetStore

WINDOW = "2025-06"
LATER = START + 1_000_000


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.storage)])
def store(request: pytest.FixtureRequest) -> BudgetStore:
    if request.param == "memory":
        return MemoryBudgetStore()
    return DynamoBudgetStore(request.getfixturevalue("table"))


@pytest.fixture
def budget() -> Budget:
    return Budget(f"tenant-{uuid4().hex}", TENANT, "month", micros=100, tokens=1_000)


def reservation(chat: str = "chat_1", micros: int = 40, tokens: int = 10, *, turn: int = 1) -> Reservation:
    return Reservation(chat, turn, 1, Amount(micros, tokens), LATER)


def standing(store: BudgetStore, budget: Budget) -> Standing:
    return store.standing(budget.tenant_id, budget.scope, WINDOW)


def settle(store: BudgetStore, budget: Budget, one: Reservation, micros: int = 0, tokens: int = 0) -> None:
    store.settle(budget.tenant_id, budget.scope, WINDOW, one, Amount(micros, tokens))


def test_a_budget_is_set_read_and_removed(store: BudgetStore, budget: Budget) -> None:
    assert store.budget(budget.tenant_id, TENANT) is None
    store.put(budget)
    store.put(replace(budget, period="day", tokens=None))
    assert store.budget(budget.tenant_id, TENANT) == replace(budget, period="day", tokens=None)
    assert store.budget("another-tenant", TENANT) is None
    assert store.remove(budget.tenant_id, TENANT)
    assert not store.remove(budget.tenant_id, TENANT)
    assert store.all(budget.tenant_id) == []


def test_budgets_are_found_by_whose_they_are(store: BudgetStore, budget: Budget) -> None:
    odd = Scope("user", "a#b/c ü")
    agent, user = replace(budget, scope=Scope("agent", "helper")), replace(budget, scope=odd)
    for one in (budget, agent, user):
        store.put(one)
    assert store.among(budget.tenant_id, [TENANT, Scope("agent", "other"), odd]) == [budget, user]
    assert store.all(budget.tenant_id) == [agent, budget, user]


def test_reservations_fill_a_budget_and_no_more(store: BudgetStore, budget: Budget) -> None:
    first, second = reservation("chat_1"), reservation("chat_2")
    store.reserve(budget, WINDOW, first)
    store.reserve(budget, WINDOW, second)
    with pytest.raises(NotReservedError) as refused:
        store.reserve(budget, WINDOW, reservation("chat_3"))
    assert refused.value.standing == Standing(Amount(80, 20), {"chat_1": first, "chat_2": second})
    assert standing(store, budget) == refused.value.standing
    store.reserve(budget, WINDOW, reservation("chat_3", micros=20))


@pytest.mark.parametrize("wanted", [Amount(101, 0), Amount(0, 1_001)])
def test_what_is_larger_than_the_whole_budget_is_never_reserved(
    store: BudgetStore, budget: Budget, wanted: Amount
) -> None:
    with pytest.raises(NotReservedError) as refused:
        store.reserve(budget, WINDOW, replace(reservation(), amount=wanted))
    assert refused.value.standing == Standing()


def test_a_limit_that_is_not_given_limits_nothing(store: BudgetStore, budget: Budget) -> None:
    store.reserve(replace(budget, micros=None), WINDOW, reservation(micros=10**15, tokens=1_000))
    with pytest.raises(NotReservedError):
        store.reserve(replace(budget, micros=None), WINDOW, reservation("chat_2", micros=0, tokens=1))


def test_a_conversation_reserves_once(store: BudgetStore, budget: Budget) -> None:
    store.reserve(budget, WINDOW, reservation(micros=1))
    with pytest.raises(NotReservedError) as refused:
        store.reserve(budget, WINDOW, reservation(micros=1, turn=3))
    assert refused.value.standing.reservations["chat_1"].is_of(1, 1)


def test_a_settlement_gives_back_what_was_not_used(store: BudgetStore, budget: Budget) -> None:
    one = reservation()
    store.reserve(budget, WINDOW, one)
    settle(store, budget, one, micros=15, tokens=4)
    assert standing(store, budget) == Standing(Amount(15, 4), {})
    settle(store, budget, one, micros=15, tokens=4)
    assert standing(store, budget) == Standing(Amount(15, 4), {})


def test_more_than_was_reserved_can_be_settled(store: BudgetStore, budget: Budget) -> None:
    one = reservation()
    store.reserve(budget, WINDOW, one)
    settle(store, budget, one, micros=500)
    with pytest.raises(NotReservedError):
        store.reserve(budget, WINDOW, reservation("chat_2", micros=0, tokens=0))


def test_a_late_settlement_does_not_touch_the_next_attempts_reservation(store: BudgetStore, budget: Budget) -> None:
    old, new = reservation(), replace(reservation(), attempt=2)
    store.reserve(budget, WINDOW, old)
    settle(store, budget, old)
    store.reserve(budget, WINDOW, new)
    settle(store, budget, old, micros=99)
    assert standing(store, budget) == Standing(new.amount, {"chat_1": new})


def test_windows_scopes_and_tenants_do_not_mix(store: BudgetStore, budget: Budget) -> None:
    store.reserve(budget, WINDOW, reservation())
    assert store.standing(budget.tenant_id, TENANT, "2025-07") == Standing()
    assert store.standing(budget.tenant_id, Scope("agent", "helper"), WINDOW) == Standing()
    assert store.standing("another-tenant", TENANT, WINDOW) == Standing()
