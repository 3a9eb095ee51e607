"""Every figure of every app, on a demonstration town: a figure is its list, its months and its parts make the whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from shuzhi.demo.tests.conftest import Demo
from shuzhi.kernel.declare import Indicator
from shuzhi.kernel.models import Case, Grid, Unit
from shuzhi.kernel.queries.figures import (
    Figure,
    all_figures,
    figure,
    fits,
    indicator,
    indicators,
    listed,
    months,
    parts,
)
from shuzhi.kernel.queries.periods import Period, Scope, county_scope, scope_of, town_scope, year

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ADDS_UP = ("count", "sum")
EVERY = pytest.mark.parametrize("declared", indicators(), ids=lambda one: one.key)
DAYS = st.dates(date(2022, 12, 1), date(2024, 2, 1))


@pytest.fixture(scope="module")
def year_of(demo: Demo) -> Callable[[], dict[str, Any]]:
    result = demo(limit=60)
    return lambda: result


@pytest.fixture(scope="module")
def scope(year_of: Any) -> Scope:
    return town_scope(Unit.objects.get(level="town", name="云屿镇"))


def value(one: Figure) -> int:
    return int(one.value or 0)


@EVERY
@given(since=DAYS, length=st.integers(1, 400), ago=st.integers(0, 1400))
@settings(max_examples=25, deadline=None)
def test_a_figure_is_the_size_of_its_list(
    declared: Indicator, scope: Scope, since: date, length: int, ago: int
) -> None:
    period, as_of = Period(since, since + timedelta(days=length)), NOW - timedelta(days=ago)
    one = figure(declared, scope, period, as_of=as_of)
    rows = list(listed(declared, scope, period, as_of=as_of))
    assert one.records == len(rows)
    if declared.kind == "share":
        assert one.numerator == sum(getattr(row, declared.field) is True for row in rows)
    if declared.kind == "sum":
        assert value(one) == sum(getattr(row, declared.field) or 0 for row in rows) // declared.scale


@pytest.mark.parametrize("declared", [one for one in indicators() if one.dated], ids=lambda one: one.key)
@given(since=DAYS, length=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_the_months_make_the_period(declared: Indicator, scope: Scope, since: date, length: int) -> None:
    period = Period(since, since + timedelta(days=length))
    whole, cut = (
        figure(declared, scope, period, as_of=NOW),
        months(declared, scope, period, as_of=NOW),
    )
    assert sum(one.records for one in cut) == whole.records
    assert [one.period for one in cut] == list(period.months())
    if declared.kind == "share":
        assert sum(int(one.numerator or 0) for one in cut) == whole.numerator
    for one in cut:
        assert one == figure(declared, scope, one.period, as_of=NOW)


@EVERY
def test_the_parts_and_the_unlisted_rest_make_the_whole(declared: Indicator, scope: Scope) -> None:
    whole = figure(declared, scope, year(2023), as_of=NOW)
    for by in declared.by:
        split = parts(declared, by, scope, year(2023), as_of=NOW)
        assert sum(one.figure.records for one in split) == whole.records
        if declared.kind in ADDS_UP:
            assert sum(value(one.figure) for one in split) == value(whole)
        assert all(one.label for one in split)
        assert [one.key for one in split].count(None) <= 1


@EVERY
def test_the_parts_of_a_town_are_its_figures(declared: Indicator, scope: Scope) -> None:
    """A figure split by grid is the figure of each grid."""
    by = next((path for path in declared.by if path.endswith("grid")), None)
    if by is None:
        return
    for one in parts(declared, by, scope, year(2023), as_of=NOW):
        if one.key is not None:
            narrow = Scope(scope.towns, one.label, "grid", one.key)
            assert figure(declared, narrow, year(2023), as_of=NOW).records == one.figure.records


@EVERY
def test_a_figure_is_one_statement_and_a_split_two(declared: Indicator, scope: Scope) -> None:
    with CaptureQueriesContext(connection) as ran:
        figure(declared, scope, year(2023), as_of=NOW)
    assert len(ran) == 1
    for by in declared.by:
        with CaptureQueriesContext(connection) as ran:
            parts(declared, by, scope, year(2023), as_of=NOW)
        assert len(ran) <= 2


@EVERY
def test_another_town_sees_none_of_it(declared: Indicator, scope: Scope, year_of: Any) -> None:
    other = town_scope(Unit.objects.exclude(pk__in=scope.towns).get(level="town"))
    county = county_scope(Unit.objects.get(level="county"))
    one, two, both = (figure(declared, of, year(2023), as_of=NOW) for of in (scope, other, county))
    assert both.records == one.records + two.records
    assert set(listed(declared, other, year(2023), as_of=NOW).values_list("town_id", flat=True)) <= set(
        other.towns
    )


def test_a_part_out_of_sight_is_no_scope(scope: Scope) -> None:
    other = Unit.objects.exclude(pk__in=scope.towns).filter(level="village", town__isnull=False)
    member = Unit.objects.get(pk=scope.towns[0]).members.first()
    assert member is not None
    theirs = other.exclude(town_id=scope.towns[0]).first()
    assert theirs is not None
    assert scope_of(member, "village", theirs.pk) is None
    ours = Unit.objects.filter(level="village", town_id=scope.towns[0]).first()
    assert ours is not None
    found = scope_of(member, "village", ours.pk)
    assert found is not None
    assert found.name == ours.name


def test_what_has_not_happened_is_in_no_figure(scope: Scope) -> None:
    """A future period is empty, and a limit that is not yet due is not late."""
    future = Period(date(2030, 1, 1), date(2031, 1, 1))
    for declared in indicators():
        if declared.dated:
            one = figure(declared, scope, future, as_of=NOW)
            assert one.records == 0
            assert one.text == ("0 " + declared.unit if declared.kind in ADDS_UP else declared.zero)


def test_a_stock_is_counted_as_it_stood_on_the_last_day(scope: Scope) -> None:
    rural = indicator("grids.rural")
    grid = Grid.objects.filter(town_id=scope.towns[0], kind="rural").first()
    assert grid is not None
    before, ended = figure(rural, scope, year(2023), as_of=NOW).records, grid.valid_until
    try:
        Grid.objects.filter(pk=grid.pk).update(valid_until=date(2023, 12, 31))
        assert figure(rural, scope, year(2023), as_of=NOW).records == before - 1
        Grid.objects.filter(pk=grid.pk).update(valid_until=date(2024, 1, 1))
        assert figure(rural, scope, year(2023), as_of=NOW).records == before
    finally:
        Grid.objects.filter(pk=grid.pk).update(valid_until=ended)


def test_one_case_more_or_less_moves_exactly_its_figures(scope: Scope) -> None:
    def all_of() -> dict[str, tuple[Any, int]]:
        return {
            one.indicator.key: (one.value, one.records) for one in all_figures(scope, year(2023), as_of=NOW)
        }

    case = Case.objects.filter(town_id=scope.towns[0], outcome="declined").first()
    assert case is not None
    before = all_of()
    Case.objects.filter(pk=case.pk).update(opened_at=case.opened_at - timedelta(days=400))
    try:
        after = all_of()
    finally:
        Case.objects.filter(pk=case.pk).update(opened_at=case.opened_at)
    assert {key for key in before if before[key] != after[key]} == {"events.collected"}
    assert after["events.collected"][1] == before["events.collected"][1] - 1


def test_a_share_is_never_rounded_up_over_a_threshold(scope: Scope) -> None:
    """944 of 994 is 94.969…: not 94.97, let alone 95."""
    declared = indicator("events.satisfaction")
    one = figure(declared, scope, year(2023), as_of=NOW)
    assert one.exact is not None
    assert one.value is not None
    assert float(one.value) <= one.exact


def test_the_figures_are_printed_as_one_object(scope: Scope) -> None:
    out = io.StringIO()
    call_command("figures", 2023, town="990128101", json=True, stdout=out)
    found = json.loads(out.getvalue())
    assert set(found) == {one.key for one in indicators() if fits(one, scope)}
    assert set(found["events.collected"]) == {
        "name",
        "value",
        "unit",
        "numerator",
        "denominator",
        "records",
        "as_of",
        "definition",
    }
    assert found["events.collected"]["value"] == 60
    assert (found["grids.rural"]["value"], found["grids.dedicated"]["value"]) == (62, 15)


@pytest.mark.parametrize(
    ("year_asked", "town", "says"),
    [(2031, "990128101", "没有数可算"), (2023, "1", "没有代码为 1"), (2023, "", "不止一个镇街")],
)
def test_a_question_that_cannot_be_answered_is_said_so(
    scope: Scope, year_asked: int, town: str, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("figures", year_asked, town=town)
