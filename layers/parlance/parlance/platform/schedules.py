"""When something is due again: an interval, a cron expression of five fields, or one date.

Intervals count from the last time: `every 5 minutes`, `every day`, or a name such as `hourly`. Cron expressions and
dates without an offset are about the clock of a time zone, UTC if none is named.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

SCHEDULE_MAX = 128
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_NAMED = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_EVERY = re.compile(r"every (?:(?P<count>[1-9][0-9]{0,3}) )?(?P<unit>minute|hour|day|week|month)s?\Z")
_FIELDS = 5
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_schedule(text: str) -> str:
    """For a field. Raises ValueError."""
    if text:
        next_time(text, None, 0)
    return text


def check_time_zone(text: str) -> str:
    """For a field. Raises ValueError."""
    if text:
        _zone(text)
    return text


def next_time(schedule: str, time_zone: str | None, after: int) -> int | None:
    """The first time after `after` (both in ms since 1970); None when there is none left.

    Raises ValueError for what is no schedule or no time zone.
    """
    if len(schedule) > SCHEDULE_MAX:
        raise ValueError(f"must not be longer than {SCHEDULE_MAX} characters")
    zone = _zone(time_zone) if time_zone else UTC
    begin = _EPOCH + timedelta(milliseconds=after)
    interval = _interval(schedule)
    if interval:
        return _milliseconds(begin + interval)
    date = _date(schedule)
    if date is not None:
        at = _milliseconds(date if date.tzinfo else date.replace(tzinfo=zone))
        return at if at > after else None
    return _next_of_cron(schedule, begin.astimezone(zone))


def _next_of_cron(expression: str, begin: datetime) -> int | None:
    if len(expression.split()) != _FIELDS:
        raise ValueError("must be an interval, a cron expression of five fields, or a date")
    try:
        return _milliseconds(next(CronSim(expression, begin)))
    except CronSimError as error:
        raise ValueError(f"is no cron expression: {error}") from error
    except StopIteration:
        return None


def _interval(schedule: str) -> timedelta | None:
    words = " ".join(schedule.lower().removeprefix("@").split())
    if words in _NAMED:
        return _UNITS[_NAMED[words]]
    match = _EVERY.match(words)
    return _UNITS[match["unit"]] * int(match["count"] or 1) if match else None


def _date(schedule: str) -> datetime | None:
    try:
        return datetime.fromisoformat(schedule.strip())
    except ValueError:
        return None


def _zone(name: str) -> ZoneInfo:
    """Names are paths below the zones' folder, so only what looks like one is looked up."""
    if not _ZONE.match(name):
        raise ValueError("must be the name of a time zone")
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("must be the name of a time zone") from error


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
