"""What comes again and again is planned ahead, planned anew with the calendar, and opened once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from shuzhi.kernel import background
from shuzhi.kernel.models import Case, Day, Duty, Occurrence
from shuzhi.kernel.operations import calendar
from shuzhi.kernel.operations.schedules import (
    cancel,
    move,
    open_due,
    plan_ahead,
)
from shuzhi.kernel.queries import schedules as asked
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.errand import errand
from shuzhi.kernel.tests.schedules.conftest import (
    DUTY,
    LAWYER,
    MEETING,
    NOW,
    REPORT,
    agenda,
    days,
    on,
    planned,
    told,
)
from shuzhi.kernel.tests.together import together

# -- planning ---------------------------------------------------------------------------------------------------------


def test_it_is_planned_from_today_and_planning_again_changes_nothing(town: TestTown) -> None:
    assert planned(town, MEETING, "2023-04-15") == 4
    assert days(MEETING) == {
        "2023-03-01": "2023-03-01",
        "2023-03-15": "2023-03-15",
        "2023-04-01": "2023-04-03",
        "2023-04-15": "2023-04-17",
    }
    assert planned(town, MEETING, "2023-04-15") == 0
    assert planned(town, MEETING, "2023-05-01") == 1


def test_a_day_that_a_holiday_has_moved_to_is_not_missed_when_planning_begins_in_it(town: TestTown) -> None:
    planned(town, MEETING, "2023-10-10", now=moment("2023-10-03 09:00"))
    assert days(MEETING) == {"2023-10-01": "2023-10-07"}


def test_a_day_of_rest_that_is_skipped_is_shown_as_left_out(town: TestTown) -> None:
    planned(town, LAWYER, "2023-05-10", now=moment("2023-05-01 09:00"))
    assert days(LAWYER) == {"2023-05-03": "None", "2023-05-10": "2023-05-10"}
    left = asked.left_out(town.row, date(2023, 5, 1), date(2023, 5, 31))
    assert [one.planned for one in left] == [date(2023, 5, 3)]


def test_a_new_holiday_moves_what_is_not_opened_and_leaves_a_trace(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-31")
    calendar.set_day(day=date(2023, 3, 15), works=False, name="停电", by=None, now=NOW)
    assert planned(town, MEETING, "2023-03-31") == 1
    one = on(MEETING, "2023-03-15")
    assert one.day == date(2023, 3, 16)
    (entry,) = asked.trace(one)
    assert (entry.by, entry.act, entry.data) == (
        None,
        "replanned",
        {"was": "2023-03-15", "day": "2023-03-16"},
    )


def test_a_year_without_a_list_is_provisional_and_settled_once_the_list_is_there(town: TestTown) -> None:
    now = moment("2027-04-28 09:00")
    planned(town, MEETING, "2027-05-31", now=now)
    assert [one.provisional for one in asked.unsettled(town.row)] == [True, True]
    assert days(MEETING) == {"2027-05-01": "2027-05-03", "2027-05-15": "2027-05-17"}
    for day in (3, 4, 5):
        calendar.set_day(day=date(2027, 5, day), works=False, name="劳动节", by=None, now=now)
    town.row.refresh_from_db()
    town.row.settings["calendar_years"] = [2027]
    town.row.version += 1
    town.row.save()
    assert planned(town, MEETING, "2027-05-31", now=now) == 2
    assert days(MEETING) == {"2027-05-01": "2027-05-06", "2027-05-15": "2027-05-17"}
    assert not asked.unsettled(town.row).exists()
    assert told(on(MEETING, "2027-05-15")) == [("", "replanned", "放假安排已定，日期不变")]


def test_what_a_person_has_moved_or_cancelled_stays(town: TestTown) -> None:
    planned(town, MEETING, "2023-04-15")
    clerk = town.again("clerk")
    move(
        occurrence_id=on(MEETING, "2023-03-15").pk, day=date(2023, 3, 17), by=clerk, now=NOW, text="书记外出"
    )
    cancel(occurrence_id=on(MEETING, "2023-04-01").pk, by=clerk, now=NOW, text="并入四月下旬")
    Day.objects.create(date=date(2023, 3, 17), works=False, changed_at=NOW)
    town.row.version += 1
    town.row.save()
    assert planned(town, MEETING, "2023-04-15") == 0
    assert days(MEETING)["2023-03-15"] == "2023-03-17"


def test_a_day_the_rule_no_longer_has_is_called_off(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-31")
    on(MEETING, "2023-03-15")
    Occurrence.objects.filter(planned="2023-03-15").update(planned="2023-03-14", day="2023-03-14")
    planned(town, MEETING, "2023-03-31")
    assert days(MEETING) == {"2023-03-01": "2023-03-01", "2023-03-15": "2023-03-15"}
    assert told(on(MEETING, "2023-03-14")) == [("", "cancelled", "排期规则已改，没有这一天")]


def test_the_worker_plans_two_months_ahead_in_working_towns_only(town: TestTown) -> None:
    make_town("990199102", "演示镇")
    assert plan_ahead(now=NOW) == Occurrence.objects.count()
    assert set(Occurrence.objects.values_list("town", flat=True)) == {town.row.pk}
    assert days(MEETING)["2023-05-01"] == "2023-05-04"
    assert plan_ahead(now=NOW) == 0


def test_the_database_itself_refuses_a_day_twice(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-31")
    with pytest.raises(IntegrityError), transaction.atomic():
        Occurrence.objects.create(town=town.row, schedule=MEETING.key, planned="2023-03-15")


# -- opening ----------------------------------------------------------------------------------------------------------


def test_a_case_is_opened_once_when_its_time_has_come(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-31")
    assert open_due(now=moment("2023-03-01 08:59")) == 0
    assert open_due(now=moment("2023-03-01 09:00")) == 1
    assert open_due(now=moment("2023-03-01 09:05")) == 0
    one = on(MEETING, "2023-03-01")
    assert one.case is not None
    assert (one.case.type, one.case.title) == (errand.key, "测试镇平安分析会 2023-03-01")
    assert not one.done


def test_a_case_may_be_opened_days_ahead(town: TestTown) -> None:
    now = moment("2024-08-30 09:00")
    calendar.set_day(day=date(2024, 10, 1), works=True, name="", by=None, now=now)
    planned(town, REPORT, "2024-10-31", now=now)
    assert open_due(now=now) == 0
    assert open_due(now=moment("2024-09-01 09:00")) == 1
    case = on(REPORT, "2024-10-01").case
    assert case is not None
    assert case.title == "年度报告（2024-10-01）"


def test_what_was_missed_while_no_worker_ran_is_opened_late(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-31")
    assert open_due(now=moment("2023-03-20 09:00")) == 2


def test_what_cannot_be_opened_says_why_and_hinders_nothing_else(town: TestTown) -> None:
    town.row.settings["broken"] = True
    town.row.version += 1
    town.row.save()
    planned(town, MEETING, "2023-03-01")
    planned(town, DUTY, "2023-03-01")
    assert open_due(now=moment("2023-03-01 18:00")) == 1
    assert [(one.schedule, one.error) for one in asked.unsettled(town.row)] == [
        (MEETING.key, "没有可议的事项")
    ]
    town.row.settings["broken"] = False
    town.row.version += 1
    town.row.save()
    assert open_due(now=moment("2023-03-01 18:05")) == 1
    assert not asked.unsettled(town.row).exists()


def test_a_fault_of_an_app_is_logged_and_hinders_nothing_else(
    town: TestTown, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    planned(town, MEETING, "2023-03-01")
    monkeypatch.setitem(agenda.__globals__, "Opening", None)
    assert open_due(now=moment("2023-03-01 18:00")) == 0
    assert on(MEETING, "2023-03-01").error == "系统出错，已记入日志，请联系维护人员"
    assert "could not be opened" in caplog.text


def test_a_demonstration_town_is_opened_only_if_named(town: TestTown) -> None:
    town.row.demo = True
    town.row.save()
    planned(town, MEETING, "2023-03-31")
    assert open_due(now=moment("2023-03-01 10:00")) == 0
    assert open_due(now=moment("2023-03-01 10:00"), town=town.row) == 1


@pytest.mark.django_db(transaction=True)
def test_the_workers_job_opens_what_is_due(town: TestTown) -> None:
    today = timezone.localdate()
    Occurrence.objects.create(
        town=town.row, schedule=DUTY.key, planned=today - timedelta(days=1), day=today - timedelta(days=1)
    )
    background.schedule(0)
    assert Occurrence.objects.filter(opened_at__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_open_it_once(town: TestTown) -> None:
    planned(town, MEETING, "2023-03-15")
    now = moment("2023-03-20 10:00")
    opened = together(*[lambda: open_due(now=now)] * 4)
    assert sum(opened) == 2
    assert Case.objects.filter(type=errand.key).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_plan_it_once(town: TestTown) -> None:
    made = together(*[lambda: planned(town, DUTY, "2023-03-31")] * 4)
    assert sum(made) == 31
    assert Duty.objects.count() == 31
