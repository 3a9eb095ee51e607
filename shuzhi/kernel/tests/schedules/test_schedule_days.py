"""The days a schedule comes round, against a naive walk through the calendar; and rules that are none."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from django.core.checks import CheckMessage, run_checks
from hypothesis import given
from hypothesis import strategies as st

from shuzhi.kernel.calendar import Calendar, DayRule
from shuzhi.kernel.declare import Holidays, Schedule
from shuzhi.kernel.queries.schedules import Planned, days, fault
from shuzhi.kernel.testing import declared
from shuzhi.kernel.tests.errand import ROLES, errand

ON = Calendar()
MEETING = Schedule("tested.meeting", "平安分析会", "FREQ=MONTHLY;BYMONTHDAY=1,15", opens="tested.errand")


def taking_place(rule: str, first: str, last: str, **more: Any) -> list[str]:
    schedule = replace(MEETING, rule=rule, **more)
    found = days(schedule, ON, date.fromisoformat(first), date.fromisoformat(last))
    return [one.day.isoformat() if one.day else "-" for one in found]


# -- the rule --------------------------------------------------------------------------------------------------------


def test_the_first_and_the_fifteenth_of_every_month() -> None:
    assert taking_place("FREQ=MONTHLY;BYMONTHDAY=1,15", "2023-01-02", "2023-03-01") == [
        *("2023-01-15", "2023-02-01", "2023-02-15", "2023-03-01")
    ]


def test_the_thirty_first_leaves_shorter_months_out_and_minus_one_is_the_last_day() -> None:
    assert taking_place("FREQ=MONTHLY;BYMONTHDAY=31", "2023-01-01", "2023-05-31") == [
        *("2023-01-31", "2023-03-31", "2023-05-31")
    ]
    assert taking_place("FREQ=MONTHLY;BYMONTHDAY=-1", "2023-01-01", "2023-03-31") == [
        *("2023-01-31", "2023-02-28", "2023-03-31")
    ]


def test_every_second_week_is_counted_from_the_day_named() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"
    assert taking_place(rule, "2023-03-01", "2023-03-31", since=date(2023, 1, 4)) == [
        *("2023-03-01", "2023-03-15", "2023-03-29")
    ]
    assert taking_place(rule, "2023-03-01", "2023-03-31", since=date(2023, 1, 11)) == [
        *("2023-03-08", "2023-03-22")
    ]


@given(
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    first=st.dates(date(2020, 1, 1), date(2026, 8, 1)),
    length=st.integers(0, 90),
    holidays=st.sampled_from(get_args(Holidays)),
    closed=st.sets(st.integers(0, 90), max_size=8),
)
def test_weekly_days_are_those_of_a_naive_walk(
    weekdays: set[int], first: date, length: int, holidays: Holidays, closed: set[int]
) -> None:
    rules = [DayRule(first + timedelta(days=n), works=False, name="停电") for n in closed]
    calendar, last = Calendar(rules), first + timedelta(days=length)
    rule = "FREQ=WEEKLY;BYDAY=" + ",".join(("MO", "TU", "WE", "TH", "FR", "SA", "SU")[n] for n in weekdays)
    found = days(replace(MEETING, rule=rule, holidays=holidays), calendar, first, last)
    walked = [first + timedelta(days=n) for n in range(length + 1)]
    wanted = [day for day in walked if day.weekday() in weekdays]
    assert [one.planned for one in found] == wanted
    assert [one.day for one in found] == [naive(day, holidays, calendar) for day in wanted]


@given(
    month_days=st.sets(st.integers(-31, 31).filter(bool), min_size=1, max_size=4),
    year=st.integers(2020, 2026),
)
def test_monthly_days_are_those_of_a_naive_walk(month_days: set[int], year: int) -> None:
    rule = "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(map(str, month_days))
    found = days(replace(MEETING, rule=rule), ON, date(year, 1, 1), date(year, 12, 31))
    wanted = []
    for day in (date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year % 4 == 0))):
        left = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - day
        if day.day in month_days or -left.days in month_days:
            wanted.append(day)
    assert [one.planned for one in found] == wanted


def naive(day: date, holidays: Holidays, calendar: Calendar) -> date | None:
    if holidays == "keep" or calendar.works(day):
        return day
    if holidays == "skip":
        return None
    while not calendar.works(day):
        day += timedelta(days=1 if holidays == "next" else -1)
    return day


# -- days of rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holidays", "expected"),
    [("keep", "2023-10-01"), ("skip", "-"), ("next", "2023-10-07"), ("previous", "2023-09-28")],
)
def test_a_day_of_the_national_holiday_stays_is_left_out_or_moves(holidays: Holidays, expected: str) -> None:
    """29 September to 6 October rest; Saturday the 7th is a make-up day, and works."""
    rule = "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1"
    assert taking_place(rule, "2023-10-01", "2023-10-01", holidays=holidays) == [expected]


def test_a_make_up_day_works() -> None:
    assert taking_place("FREQ=WEEKLY;BYDAY=SA", "2023-10-01", "2023-10-31", holidays="skip") == [
        *("2023-10-07", "-", "-", "-")
    ]


def test_a_year_without_a_list_is_provisional_unless_days_of_rest_do_not_matter() -> None:
    day = date(2027, 10, 1)
    rule = replace(MEETING, rule="FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1")
    assert days(replace(rule, holidays="next"), ON, day, day) == [Planned(day, day, True)]
    assert days(replace(rule, holidays="keep"), ON, day, day) == [Planned(day, day, False)]


# -- start-up checks -------------------------------------------------------------------------------------------------


def found(*schedules: Schedule) -> list[CheckMessage]:
    """What the checks say of these schedules."""
    about = tuple(f"{schedule.key}：" for schedule in schedules)
    with declared(errand, package="shuzhi.kernel.tests", roles=ROLES, schedules=schedules):
        return [message for message in run_checks() if message.msg.startswith(about)]


def test_a_right_schedule_is_not_complained_of() -> None:
    assert found(MEETING, replace(MEETING, key="tested.duty", opens="", roster=("dispatcher", 2))) == []


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("E110", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"}, "永远不会有这一天", "BYMONTHDAY=-1"),
    ("E110", {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31"}, "永远不会有这一天", "改成有的日子"),
    ("E110", {"rule": "FREQ=MONTHLY;BYMONTH=4,6,9,11;BYMONTHDAY=31"}, "永远不会有这一天", "改成有的日子"),
    ("E110", {"rule": "FREQ=MONTHLY;BYDAY=6MO"}, "永远不会有这一天", "改成有的日子"),
    (
        "E110",
        {"rule": "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", "since": date(2023, 1, 1)},
        "永远不会有这一天",
        "改成有的日子",
    ),
    ("E110", {"rule": "FREQ=MONTHLY;BYMONTHDAY=32"}, "规则里的 BYMONTHDAY=32 不成立", "RFC 5545"),
    ("E110", {"rule": "FREQ=MONTHLY;BYMONTHDAY=0"}, "规则里的 BYMONTHDAY=0 不成立", "RFC 5545"),
    ("E110", {"rule": "FREQ=HOURLY"}, "规则里的 FREQ=HOURLY 不成立", "RFC 5545"),
    ("E110", {"rule": "FREQ=DAILY;COUNT=3"}, "规则里不能有 COUNT", "只用 FREQ"),
    ("E110", {"rule": ""}, "规则里不能有 空的一段", "只用 FREQ"),
    ("E110", {"rule": "BYDAY=MO"}, "规则没有写 FREQ", "写 FREQ=DAILY"),
    ("E110", {"rule": "FREQ=WEEKLY"}, "规则没有说是哪一天", "写 BYDAY"),
    ("E110", {"rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"}, "没有起算日", "since"),
    ("E110", {"rule": "FREQ=YEARLY;BYDAY=MO;BYSETPOS=999"}, "不成立", "RFC 5545"),
    ("E110", {"holidays": "ignore"}, "holidays=ignore 不成立", "keep、skip、next、previous"),
    ("E111", {"opens": ""}, "到时什么也不做", "opens 或 roster"),
    ("E111", {"opens": "tested.gone"}, "没有案件类型 tested.gone", "声明过的类型"),
    ("E111", {"roster": ("dispatcher", 0)}, "值班人数 0 不成立", "至少一人"),
    ("E111", {"ahead": -1}, "ahead=-1 不成立", "提前几天"),
    ("E004", {"roster": ("nobody", 1)}, "角色 nobody 没有声明", "Manifest.roles"),
    ("E004", {"control": "nobody"}, "角色 nobody 没有声明", "Manifest.roles"),
    ("E007", {"opening": "rules.gone"}, "rules.gone 找不到", "点分路径"),
    ("E007", {"people": "rules.gone"}, "rules.gone 找不到", "点分路径"),
    ("E020", {"key": "other.meeting"}, "键不合规定", "tested. 开头"),
]


@pytest.mark.parametrize(
    ("code", "wrong", "says", "mend"), WRONG, ids=[f"{one[0]}-{n}" for n, one in enumerate(WRONG)]
)
def test_each_fault_is_named_with_its_place_and_its_mend(
    code: str, wrong: dict[str, Any], says: str, mend: str
) -> None:
    schedule = replace(MEETING, **wrong)
    first = found(schedule)[0]
    assert first.id == f"shuzhi.{code}"
    assert first.msg.startswith(f"{schedule.key}：")
    assert says in first.msg
    assert mend in str(first.hint)


def test_a_rare_day_is_no_fault() -> None:
    assert fault(replace(MEETING, rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")) is None


def test_a_key_is_used_once() -> None:
    assert [message.id for message in found(MEETING, MEETING)] == ["shuzhi.E001"]
    assert MEETING.at == dt.time(9)
