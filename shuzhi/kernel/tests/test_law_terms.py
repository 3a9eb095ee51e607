"""Every term of every rule, 2020–2026, against a second, naive counter that knows nothing of Calendar."""

import datetime as dt
from calendar import monthrange

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuzhi.kernel import law
from shuzhi.kernel.calendar import Calendar

ONE = dt.timedelta(days=1)
FIRST, LAST = dt.date(2020, 1, 1), dt.date(2026, 12, 24)  # after it New Year's notice decides
TERMS = [
    pytest.param(term, id=f"{rule.id}-{term.key}-{number}")
    for rule in law.catalogue()
    for number, version in enumerate(rule.versions)
    for term in version.terms.values()
]


class Unsettled(Exception):
    """The day lies outside the years whose holidays are listed."""


def works(day: dt.date) -> bool:
    if not FIRST <= day <= LAST:
        raise Unsettled
    return bool(chinese_calendar.is_workday(day))


def naive(term: law.TimeLimit, start: dt.date) -> tuple[dt.date, dt.date]:
    """The last day before and after it moves on for a day of rest."""
    day, step = start, -ONE if term.sense == "before" else ONE
    if term.kind == "working":
        left = term.amount
        while left:
            day += step
            left -= works(day)
        return day, day
    if term.kind in ("months", "years"):
        for _ in range(term.amount * (12 if term.kind == "years" else 1)):
            day = day.replace(day=1) + 31 * ONE
        raw = day.replace(day=min(start.day, monthrange(day.year, day.month)[1]))
    elif term.kind == "hours":
        raw = day + term.amount // 24 * ONE
        return raw, raw
    else:
        raw = day + term.amount * step
    if term.sense == "before":
        return raw, raw
    day = raw
    while not works(day):
        day += ONE
    return raw, day


@pytest.mark.parametrize("term", TERMS)
@given(start=st.dates(FIRST, LAST))
@settings(max_examples=25, deadline=None)
def test_the_explained_days_count_to_the_end(term, start):
    due = term.due(Calendar(), start)
    try:
        raw, last = naive(term, start)
    except Unsettled:
        assert due.provisional or due.date < FIRST
        assert not law.binding(due) or due.date < FIRST
        return
    assert (due.raw_date, due.date) == (raw, last)
    assert not due.provisional
    if term.kind != "hours":
        counted = [day for day in due.days if day.counted]
        assert counted[-1].date == last
        assert [day.number for day in counted] == list(range(1, len(counted) + 1))
        if term.kind in ("calendar", "working"):
            assert len(counted) == term.amount
