"""The calendar against a second counter that walks day by day and knows nothing of the first."""

import datetime as dt
from collections.abc import Set
from typing import get_args

import chinese_calendar
from hypothesis import given
from hypothesis import strategies as st

from shuzhi.kernel.calendar import SHANGHAI, Calendar, DayRule, Kind

CALENDAR = Calendar()
ONE = dt.timedelta(days=1)
FIRST, LAST = dt.date(2020, 1, 1), dt.date(2026, 8, 31)

days = st.dates(FIRST, LAST)
moments = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 8, 31)).map(
    lambda m: m.replace(tzinfo=SHANGHAI)
)
kinds = st.sampled_from(get_args(Kind))
day_kinds = st.sampled_from(["calendar", "working", "months"])
pauses = st.lists(
    st.tuples(moments, st.integers(0, 40 * 24 * 60)).map(lambda p: (p[0], p[0] + dt.timedelta(minutes=p[1]))),
    max_size=3,
)


def length(start: dt.date, amount: int, kind: str) -> int:
    """How many days of the clock's own kind the term has; for months, by asking each day of the month for itself."""
    if kind != "months":
        return amount
    month = start.replace(day=1)
    for _ in range(amount):
        month = (month + 31 * ONE).replace(day=1)
    end = month
    while end.day < start.day and (end + ONE).month == month.month:
        end += ONE
    return (end - start).days


def naive(start: dt.date, amount: int, kind: str, paused: Set[dt.date] = frozenset()) -> dt.date:
    """Walk on, day by day, until enough days are counted; then off the days of rest."""
    left, day = length(start, amount, kind), start
    while left:
        day += ONE
        if day not in paused and (kind != "working" or chinese_calendar.is_workday(day)):
            left -= 1
    while day in paused or not chinese_calendar.is_workday(day):
        day += ONE
    return day


def paused_days(spans) -> set[dt.date]:
    """The days on which a pause had begun and not ended."""
    return {a.date() + n * ONE for a, b in spans for n in range((b.date() - a.date()).days)}


@given(start=days, amount=st.integers(0, 60), kind=st.sampled_from(["calendar", "working"]))
def test_a_term_in_days_ends_where_the_naive_counter_ends(start, amount, kind):
    assert CALENDAR.due(start, amount, kind).date == naive(start, amount, kind)


@given(start=st.dates(FIRST, dt.date(2024, 12, 31)), amount=st.integers(0, 18))
def test_a_term_in_months_ends_where_the_naive_counter_ends(start, amount):
    assert CALENDAR.due(start, amount, "months").date == naive(start, amount, "months")


@given(start=st.dates(FIRST, dt.date(2026, 4, 30)), amount=st.integers(0, 30), kind=day_kinds, spans=pauses)
def test_a_paused_term_ends_where_the_naive_counter_ends(start, amount, kind, spans):
    amount = min(amount, 3) if kind == "months" else amount
    paused = {day for day in paused_days(spans) if day <= LAST}
    spans = [(a, min(b, dt.datetime(2026, 9, 1, tzinfo=SHANGHAI))) for a, b in spans]
    assert CALENDAR.due(start, amount, kind, pauses=spans).date == naive(start, amount, kind, paused)


@given(start=days, amount=st.integers(1, 60), kind=day_kinds, spans=pauses)
def test_counting_the_explained_days_gives_the_due_date(start, amount, kind, spans):
    due = CALENDAR.due(start, amount, kind, pauses=spans)
    counted = [day for day in due.days if day.counted]
    assert [day.number for day in counted] == list(range(1, length(start, amount, kind) + 1))
    assert counted[-1].date == due.days[-1].date == due.date
    assert [day.date for day in due.days] == [start + n * ONE for n in range((due.date - start).days + 1)]
    assert due.raw_date <= due.date


@given(start=moments, amount=st.integers(0, 40), kind=kinds, spans=pauses)
def test_a_longer_term_never_ends_earlier(start, amount, kind, spans):
    shorter, longer = (
        CALENDAR.due(start, n, kind, pauses=spans, explain=False) for n in (amount, amount + 1)
    )
    assert shorter.at <= longer.at
    assert longer == CALENDAR.due(start, amount, kind, extra=1, pauses=spans, explain=False)


@given(start=days, amount=st.integers(2, 30), at=st.integers(1, 30), held=st.integers(1, 20))
def test_a_pause_of_k_counted_days_shifts_the_end_by_k(start, amount, at, held):
    plain = CALENDAR.due(start, amount, "working")
    begin = [day.date for day in plain.days if day.counted][min(at, amount) - 1]
    noon = dt.datetime.combine(begin, dt.time(12), tzinfo=SHANGHAI)
    resumed = noon
    while CALENDAR.working_days_between(begin, resumed.date()) < held:
        resumed += ONE
    due = CALENDAR.due(start, amount, "working", pauses=[(noon, resumed)])
    assert due.paused == held
    assert CALENDAR.working_days_between(plain.date, due.date) == held


@given(day=days, amount=st.integers(0, 60))
def test_counting_back_and_forth_meets_the_set_day(day, amount):
    back = CALENDAR.before(day, amount, "working")
    assert len([d for d in back.days if d.counted]) == amount
    assert back.days[-1].date == back.date
    if amount:
        assert CALENDAR.works(back.date)
        assert CALENDAR.due(back.date, amount, "working").date == CALENDAR.due(day, 0, "working").date
    assert CALENDAR.due(CALENDAR.before(day, amount, "calendar").date, amount, "calendar").raw_date == day


@given(day=days, amount=st.integers(0, 24))
def test_months_back_is_the_latest_day_whose_term_ends_in_time(day, amount):
    latest = CALENDAR.before(day, amount, "months").date
    assert CALENDAR.due(latest, amount, "months").raw_date <= day
    assert CALENDAR.due(latest + ONE, amount, "months").raw_date > day


@given(start=moments, amount=st.integers(0, 60))
def test_working_hours_are_as_many_as_the_minutes_between(start, amount):
    due = CALENDAR.due(start, amount, "working_hours")
    assert CALENDAR.working_minutes(start, due.at) == amount * 60
    back = CALENDAR.before(due.at, amount, "working_hours")
    assert CALENDAR.working_minutes(back.at, due.at) == amount * 60


@given(start=moments, amount=st.integers(0, 60), spans=pauses)
def test_paused_time_is_left_out_of_hours_exactly(start, amount, spans):
    due = CALENDAR.due(start, amount, "working_hours", pauses=spans)
    assert CALENDAR.working_minutes(start, due.at, spans) == amount * 60
    hours = CALENDAR.due(start, amount, "hours", pauses=spans)
    step, left = start, dt.timedelta(hours=amount)
    for a, b in sorted(spans):  # the pauses in order: what runs before each is used up first
        run = max(min(a - step, left), dt.timedelta())
        step, left = step + run, left - run
        step = max(step, b) if left and b > step and a <= step else step
    assert hours.at == step + left


@given(start=moments, amount=st.integers(0, 30), kind=kinds, shift=st.integers(-5, 80))
def test_only_a_day_that_crosses_can_move_the_end(start, amount, kind, shift):
    amount = min(amount, 2) if kind == "months" else amount
    day = start.date() + shift * ONE
    changed = Calendar([DayRule(day, not CALENDAR.works(day), "改")])
    due = CALENDAR.due(start, amount, kind)
    moved = changed.due(start, amount, kind).at != due.at
    assert moved <= CALENDAR.crosses(start, due, day) <= CALENDAR.crosses(start, due.at, day)
    if kind != "working_hours":
        assert moved == CALENDAR.crosses(start, due, day)


@given(start=days, amount=st.integers(0, 30), kind=kinds, shift=st.integers(-80, 5))
def test_only_a_day_that_crosses_can_move_a_date_counted_back(start, amount, kind, shift):
    day = start + shift * ONE
    back = CALENDAR.before(start, amount, kind)
    changed = Calendar([DayRule(day, not CALENDAR.works(day), "改")]).before(start, amount, kind)
    assert (changed.at != back.at) <= CALENDAR.crosses(start, back, day)


@given(
    start=st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2400, 1, 1)),
    amount=st.integers(0, 90),
    kind=kinds,
)
def test_no_year_is_refused_and_those_without_a_list_are_provisional(start, amount, kind):
    moment = start.replace(tzinfo=SHANGHAI)
    due = CALENDAR.due(moment, amount, kind)
    assert due.at >= moment or amount == 0
    CALENDAR.before(moment, amount, kind)
    if kind in ("working", "working_hours") and start.year >= 2027:
        assert due.provisional
    if start.year >= 2004 and due.date < dt.date(2026, 12, 25):
        assert not due.provisional


@given(day=st.dates(dt.date(2004, 1, 1), dt.date(2026, 12, 31)))
def test_each_day_is_what_the_list_says(day):
    assert CALENDAR.works(day) == chinese_calendar.is_workday(day)
    assert (CALENDAR.kind(day) in ("workday", "makeup")) == CALENDAR.works(day)
    assert CALENDAR.name(day)
