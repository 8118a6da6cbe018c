"""Against a calculation that looks at the wall clock of every single minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezhi.service.clocks.business_time import (
    ALL_DAY,
    Hours,
    NeverOpen,
    around_the_clock,
    elapsed,
    is_open,
    later,
    next_opening,
)
from wall_clocks import A_MINUTE, WEEK, by_the_minute

YIWU = Hours("Asia/Shanghai", WEEK, "CN")


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


# Places and days around which their wall clocks jump, holidays, make-up days and the turn of a year.
MOMENTS = [
    ("Europe/Berlin", utc(2026, 3, 28, 12)),
    ("Europe/Berlin", utc(2026, 10, 24, 12)),
    ("America/New_York", utc(2026, 3, 7, 20)),
    ("America/New_York", utc(2026, 10, 31, 20)),
    ("Asia/Shanghai", utc(1986, 5, 3, 6)),
    ("Asia/Shanghai", utc(1986, 9, 13, 6)),
    ("Asia/Shanghai", utc(1991, 4, 13, 6)),
    ("Asia/Shanghai", utc(1991, 9, 14, 6)),
    ("Australia/Lord_Howe", utc(2026, 4, 4, 6)),
    ("Pacific/Apia", utc(2011, 12, 29, 6)),
    ("Asia/Shanghai", utc(2026, 2, 13, 6)),
    ("Asia/Shanghai", utc(2025, 12, 31, 6)),
]
spans = st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True).map(
    lambda ends: tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)


@settings(max_examples=120, deadline=None)
@given(
    place=st.sampled_from(MOMENTS),
    weekly=st.one_of(st.just((ALL_DAY,) * 7), st.lists(spans, min_size=7, max_size=7).map(tuple)),
    country=st.sampled_from(["", "CN", "DE"]),
    begins=st.integers(0, 1440),
    lasts=st.integers(0, 2 * 1440),
)
def test_business_time_is_what_the_wall_clock_shows(place, weekly, country, begins, lasts):
    zone, near = place
    hours = Hours(zone, weekly, country)
    start = near + begins * A_MINUTE
    end = start + lasts * A_MINUTE
    counted = by_the_minute(hours, start, end)
    assert elapsed(hours, start, end) == counted
    if counted:
        due = later(hours, start, counted)
        assert elapsed(hours, start, due) == counted
        assert due <= end
        assert elapsed(hours, start, due - A_MINUTE) == counted - A_MINUTE
        assert is_open(hours, due - A_MINUTE)


@pytest.mark.parametrize(
    ("zone", "start", "hours", "due"),
    [
        # Night shift from Saturday noon: the hour from 2 to 3 is left out, so that 20 h end at 9, not at 8.
        ("Europe/Berlin", datetime(2026, 3, 28, 12), 20, datetime(2026, 3, 29, 9)),
        ("Europe/Berlin", datetime(2026, 10, 24, 12), 20, datetime(2026, 10, 25, 7)),
        ("America/New_York", datetime(2026, 3, 7, 12), 20, datetime(2026, 3, 8, 9)),
        ("America/New_York", datetime(2026, 10, 31, 12), 20, datetime(2026, 11, 1, 7)),
        ("Asia/Shanghai", datetime(1986, 5, 3, 12), 20, datetime(1986, 5, 4, 9)),
        ("Asia/Shanghai", datetime(1991, 9, 14, 12), 20, datetime(1991, 9, 15, 7)),
        ("Asia/Shanghai", datetime(2026, 3, 28, 12), 20, datetime(2026, 3, 29, 8)),
    ],
)
def test_hours_around_the_clock_are_hours_that_pass(zone, start, hours, due):
    place = ZoneInfo(zone)
    found = later(around_the_clock(zone), start.replace(tzinfo=place), hours * timedelta(hours=1))
    assert found.astimezone(place) == due.replace(tzinfo=place)


def test_the_spring_festival_is_closed_and_its_make_up_days_are_open():
    place = ZoneInfo("Asia/Shanghai")
    friday = datetime(2026, 2, 13, 17, tzinfo=place)
    # One hour on Friday, eight on Saturday the 14th (worked), closed from the 15th to the 23rd.
    assert later(YIWU, friday, timedelta(hours=10)) == datetime(2026, 2, 24, 10, tzinfo=place)
    assert is_open(YIWU, datetime(2026, 2, 14, 10, tzinfo=place))
    assert not is_open(YIWU, datetime(2026, 2, 21, 10, tzinfo=place))


def test_own_days_come_before_holidays_and_the_week():
    saturday, monday = date(2026, 11, 21), date(2026, 11, 23)
    own = Hours("Asia/Shanghai", WEEK, "CN", "", ((saturday, ((600, 660),)), (monday, ())))
    place = ZoneInfo("Asia/Shanghai")
    friday = datetime(2026, 11, 20, 18, tzinfo=place)
    assert next_opening(own, friday) == datetime(2026, 11, 21, 10, tzinfo=place)
    assert later(own, friday, timedelta(hours=2)) == datetime(2026, 11, 24, 10, tzinfo=place)


def test_a_promise_ends_with_the_day_rather_than_at_the_next_opening():
    place = ZoneInfo("Asia/Shanghai")
    noon = datetime(2026, 11, 20, 13, tzinfo=place)
    assert later(YIWU, noon, timedelta(hours=5)) == datetime(2026, 11, 20, 18, tzinfo=place)


def test_what_is_never_open_is_refused_rather_than_waited_for():
    with pytest.raises(NeverOpen):
        later(Hours("UTC", ((),) * 7), utc(2026, 1, 1), A_MINUTE)
    with pytest.raises(NeverOpen):
        next_opening(Hours("UTC", ((),) * 7), utc(2026, 1, 1))
