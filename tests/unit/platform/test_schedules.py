"""When schedules are due."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlance.platform.schedules import SCHEDULE_MAX, check_schedule, check_time_zone, next_time


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = at("2026-03-28T12:00:30")


@pytest.mark.parametrize(
    ("schedule", "zone", "wanted"),
    [
        ("every minute", None, "2026-03-28T12:01:30"),
        ("Every 5 Minutes", None, "2026-03-28T12:05:30"),
        ("every 2 weeks", "Europe/Berlin", "2026-04-11T12:00:30"),
        ("hourly", None, "2026-03-28T13:00:30"),
        ("@daily", None, "2026-03-29T12:00:30"),
        ("*/5 * * * *", None, "2026-03-28T12:05:00"),
        ("0 9 * * MON", "America/New_York", "2026-03-30T13:00:00"),
        # The hour between two and three does not exist that night.
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("0 0 29 2 *", None, "2028-02-29T00:00:00"),
        ("2026-04-01T09:00", "Europe/Berlin", "2026-04-01T07:00:00"),
        ("2026-04-01T09:00+05:00", "Europe/Berlin", "2026-04-01T04:00:00"),
        ("2026-04-01", None, "2026-04-01T00:00:00"),
    ],
)
def test_the_next_time(schedule: str, zone: str | None, wanted: str) -> None:
    assert next_time(schedule, zone, NOW) == at(wanted)


def test_what_has_been_is_not_due_again() -> None:
    assert next_time("2026-03-28T12:00:30", None, NOW) is None
    assert next_time("2020-01-01", None, NOW) is None


def test_a_time_is_never_twice() -> None:
    times = [NOW]
    while len(times) < 50:
        following = next_time("*/7 1-3 * * *", "Europe/Berlin", times[-1])
        assert following is not None
        times.append(following)
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    "schedule",
    [
        *("x", "every", "every 0 days", "every 12345 days", "every -1 days", "* * * *", "* * * * * *", "60 * * * *"),
        *("0 0 30 2 *", "1/0 * * * *", "a b c d e", "1 day", "2026-13-01", "☃", "0 0 * * 1#9"),
        *("1," * SCHEDULE_MAX + "1 * * * *", "*/" * 60 + " * * * *"),
    ],
)
def test_what_is_no_schedule(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"must|is no"):
        check_schedule(schedule)


@pytest.mark.parametrize(
    "zone", ["Nowhere/City", "../etc/passwd", "/etc/localtime", "Europe", "☃", "a" * 300, "UTC\x00"]
)
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        check_time_zone(zone)


def test_nothing_is_both() -> None:
    assert (check_schedule(""), check_time_zone("")) == ("", "")


@given(st.text(alphabet="0123456789*/,-#LW MONevrymi:T", max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        following = next_time(text, "Europe/Berlin", NOW)
    except ValueError:
        return
    assert following is None or following > NOW
