"""What may be spent: budgets, and where each of them stands.

A budget's period has one item that is only ever changed by single conditional writes. It holds what is committed,
which is spent or reserved, and every reservation by itself:

    reserve: room for it, and none for this conversation       committed + amount, reservation stored
    settle:  this very reservation still stands                committed + (used - amount), reservation gone

So neither a call that is repeated nor a worker that died can count anything twice, and what nobody settles is found
by the next one who looks: by the same conversation's next attempt at once, by everybody else when it has expired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from parlance.clock import day_of

type ScopeKind = Literal["tenant", "agent", "user"]
type Period = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose budget it is. `id` is empty for the tenant itself."""

    kind: ScopeKind
    id: str = ""


TENANT = Scope("tenant")


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in millionths of the currency, and tokens of both kinds together."""

    micros: int = 0
    tokens: int = 0

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.micros - other.micros, self.tokens - other.tokens)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.micros + other.micros, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a scope for each day or month (UTC). None is no limit; at least one of them is given."""

    tenant_id: str
    scope: Scope
    period: Period
    micros: int | None = None
    tokens: int | None = None

    def window(self, now: int) -> str:
        """The period that holds this moment: `2026-11-25` or `2026-11`."""
        day = day_of(now)
        return day if self.period == "day" else day[:7]


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one attempt may use. A conversation has at most one, as it runs one attempt at a time."""

    conversation_id: str
    turn: int
    attempt: int
    amount: Amount
    until: int

    def is_of(self, turn: int, attempt: int) -> bool:
        return (self.turn, self.attempt) == (turn, attempt)


@dataclass(frozen=True, slots=True)
class Standing:
    """One period of a budget: what is committed, and the part of it that is reserved."""

    committed: Amount = Amount()
    reservations: Mapping[str, Reservation] = field(default_factory=dict)

    @property
    def spent(self) -> Amount:
        """What has been settled. What is reserved beyond its time is neither spent nor reserved."""
        return self.committed - _sum(self.reservations.values())

    def reserved(self, now: int) -> Amount:
        return _sum(one for one in self.reservations.values() if one.until > now)

    def expired(self, now: int) -> list[Reservation]:
        return [one for one in self.reservations.values() if one.until <= now]


def _sum(reservations: Iterable[Reservation]) -> Amount:
    total = Amount()
    for one in reservations:
        total += one.amount
    return total


def window_ends(window: str) -> date:
    """The first day after the window."""
    if len(window) == len("2026-11-25"):
        return date.fromisoformat(window) + timedelta(days=1)
    first = date.fromisoformat(f"{window}-01")
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
