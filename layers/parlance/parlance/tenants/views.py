"""What the tenant's own routes show. The command line prints the same."""

from collections.abc import Sequence
from typing import Any

from parlance.conversations.model import DayUsage
from parlance.usage.budgets import Amount, Budget, Standing, window_ends
from parlance.usage.reports import Grouping, UsageLine, total


def budget(one: Budget, standing: Standing, *, now: int) -> dict[str, Any]:
    window = one.window(now)
    return {
        "scope": one.scope.kind,
        "id": one.scope.id or None,
        "period": one.period,
        "cost_micros": one.micros,
        "tokens": one.tokens,
        "window": window,
        "resets_on": window_ends(window).isoformat(),
        "spent": _amount(standing.spent),
        "reserved": _amount(standing.reserved(now)),
    }


def usage(lines: Sequence[UsageLine], by: Grouping | None) -> dict[str, Any]:
    days = [{"day": line.usage.day, **({by: line.of} if by else {}), **_used(line.usage)} for line in lines]
    return {"usage": days, "total": _used(total(lines))}


def _used(one: DayUsage) -> dict[str, Any]:
    return {
        "attempts": one.attempts,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cost_micros": one.micros,
    }


def _amount(amount: Amount) -> dict[str, int]:
    return {"cost_micros": amount.micros, "tokens": amount.tokens}
