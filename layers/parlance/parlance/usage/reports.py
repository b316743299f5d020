"""What a tenant, an agent or a user used, day by day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from parlance.clock import Clock, day_of
from parlance.conversations.model import DayUsage
from parlance.errors import InvalidInputError
from parlance.usage.port import UsageRow, UsageStore

type Grouping = Literal["agent", "user"]

DAYS_MAX = 92
_DAYS = 30


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One day's sum, of one agent or user where it was asked for by them (`of` is None for users who were erased)."""

    of: str | None
    usage: DayUsage


def period(first: str | None, last: str | None, *, clock: Clock) -> tuple[date, date]:
    """The days asked for: without any, the last 30. Raises InvalidInputError."""
    until = _day("to", last) if last else date.fromisoformat(day_of(clock.now()))
    since = _day("from", first) if first else until - timedelta(days=_DAYS - 1)
    if not 0 <= (until - since).days < DAYS_MAX:
        raise InvalidInputError(
            f"A report covers 1 to {DAYS_MAX} days.", details={"parameter": "from", "maximum": DAYS_MAX}
        )
    return since, until


def grouping_of(text: str | None) -> Grouping | None:
    """By whom a report is to have lines, if by anybody. Raises InvalidInputError."""
    match text:
        case None:
            return None
        case "agent":
            return "agent"
        case "user":
            return "user"
    raise InvalidInputError("by must be agent or user.", details={"parameter": "by", "allowed": ["agent", "user"]})


class Reports:
    """Sums up the record of what was used."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def lines(
        self,
        tenant_id: str,
        since: date,
        until: date,
        *,
        by: Grouping | None = None,
        agent_id: str | None = None,
        user_id: str | None = None,
    ) -> list[UsageLine]:
        """In the order of the days, and within one of agents or users. Days on which nothing was used are left out."""
        rows = self._rows(tenant_id, since, until, user_id)
        return _summed((row for row in rows if agent_id in {None, row.agent_id}), by)

    def _rows(self, tenant_id: str, since: date, until: date, user_id: str | None) -> Iterator[UsageRow]:
        if user_id is not None:
            first, last = since.isoformat(), until.isoformat()
            yield from self._store.of_user(tenant_id, user_id, first_day=first, last_day=last)
            return
        for offset in range((until - since).days + 1):
            yield from self._store.of_day(tenant_id, (since + timedelta(days=offset)).isoformat())


def total(lines: Sequence[UsageLine]) -> DayUsage:
    """All of them together; the day is empty."""
    return _sum("", (line.usage for line in lines))


def _summed(rows: Iterable[UsageRow], by: Grouping | None) -> list[UsageLine]:
    groups: defaultdict[tuple[str, str | None], list[DayUsage]] = defaultdict(list)
    for row in rows:
        name = row.agent_id if by == "agent" else row.user_id if by == "user" else None
        groups[row.usage.day, name].append(row.usage)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] or ""))
    return [UsageLine(name, _sum(day, usages)) for (day, name), usages in ordered]


def _sum(day: str, usages: Iterable[DayUsage]) -> DayUsage:
    all_of_them = list(usages)
    return DayUsage(
        day,
        attempts=sum(one.attempts for one in all_of_them),
        input_tokens=sum(one.input_tokens for one in all_of_them),
        output_tokens=sum(one.output_tokens for one in all_of_them),
        micros=sum(one.micros for one in all_of_them),
    )


def _day(name: str, text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"{name} must be a day, as 2026-11-25.", details={"parameter": name}) from error
    return found
