"""Periods: half-open, compared with the one before and with the same a year ago."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuzhi.kernel.errors import Refused
from shuzhi.kernel.queries.periods import Period, month, year

DAYS = st.dates(date(2016, 1, 1), date(2030, 1, 1))


@given(since=DAYS, length=st.integers(1, 900))
def test_the_months_tile_a_period(since: date, length: int) -> None:
    period = Period(since, since + timedelta(days=length))
    cut = list(period.months())
    assert cut[0].since == period.since
    assert cut[-1].until == period.until
    assert all(one.until == two.since for one, two in itertools.pairwise(cut))
    assert all(
        (one.since.year, one.since.month) == ((last := one.until - timedelta(1)).year, last.month)
        for one in cut
    )


@given(since=DAYS, length=st.integers(1, 900))
def test_the_period_before_ends_where_this_one_begins(since: date, length: int) -> None:
    period = Period(since, since + timedelta(days=length))
    assert period.previous().until == period.since


@pytest.mark.parametrize(
    ("period", "before", "a_year_ago"),
    [
        (month(2023, 3), month(2023, 2), month(2022, 3)),
        (year(2023), year(2022), year(2022)),
        (Period(date(2023, 1, 1), date(2023, 4, 1)), Period(date(2022, 10, 1), date(2023, 1, 1)), Period(date(2022, 1, 1), date(2022, 4, 1))),
        (Period(date(2023, 4, 10), date(2023, 4, 17)), Period(date(2023, 4, 3), date(2023, 4, 10)), Period(date(2022, 4, 10), date(2022, 4, 17))),
        (Period(date(2024, 2, 29), date(2024, 3, 1)), Period(date(2024, 2, 28), date(2024, 2, 29)), Period(date(2023, 2, 28), date(2023, 3, 1))),
    ],
)  # fmt: skip
def test_what_a_period_is_compared_with(period: Period, before: Period, a_year_ago: Period) -> None:
    assert (period.previous(), period.year_before()) == (before, a_year_ago)


@pytest.mark.parametrize(
    ("period", "name"),
    [
        (year(2023), "2023 年"),
        (month(2023, 4), "2023 年 4 月"),
        (month(2023, 12), "2023 年 12 月"),
        (Period(date(2023, 4, 1), date(2023, 4, 16)), "2023-04-01 至 2023-04-15"),
    ],
)
def test_a_period_says_what_it_is(period: Period, name: str) -> None:
    assert period.name == name


def test_a_period_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(Refused, match="止日要晚于起日"):
        Period(date(2023, 2, 1), date(2023, 2, 1))
