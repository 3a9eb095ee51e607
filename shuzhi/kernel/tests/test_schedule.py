"""What comes again and again: planned ahead, planned anew with the calendar, opened once, changed by people with a trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from shuzhi.kernel import operations
from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Access, Case, Day, Duty, Entry, Occurrence, OccurrenceEntry, Swap
from shuzhi.kernel.operations import Opening, calendar
from shuzhi.kernel.operations.schedules import (
    answer_swap,
    cancel,
    cover,
    hold,
    move,
    open_due,
    plan,
    plan_ahead,
    propose_swap,
)
from shuzhi.kernel.queries import schedules as asked
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, errand
from shuzhi.kernel.tests.together import together

MEETING = Schedule(
    "tested.meeting",
    "平安分析会",
    "FREQ=MONTHLY;BYMONTHDAY=1,15",
    holidays="next",
    opens=errand.key,
    opening="test_schedule.agenda",
)
REPORT = Schedule(
    "tested.report",
    "年度报告",
    "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1",
    holidays="skip",
    opens=errand.key,
    ahead=30,
)
DUTY = Schedule("tested.duty", "值班", "FREQ=DAILY", at=time(17, 30), roster=("unit_handler", 1))
LAWYER = Schedule(
    "tested.lawyer",
    "援助律师",
    "FREQ=WEEKLY;BYDAY=WE",
    holidays="skip",
    roster=("grid_leader", 1),
    people="test_schedule.whoever",
    opens=errand.key,
)


def agenda(place: Town, day: date) -> Opening:
    if place.unit.settings.get("broken"):
        raise Refused("没有可议的事项")
    return Opening(title=f"{place.unit.name}平安分析会 {day}", text="议程")


def whoever(place: Town, day: date) -> list[int]:
    return list(place.unit.settings.get("lawyers", ()))


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    """The test town, in which something comes round; it is no demonstration, so the worker looks after it."""
    schedules = (MEETING, REPORT, DUTY, LAWYER)
    with declared(
        errand, package="shuzhi.kernel.tests", roles=ROLES, town_wide=("dispatcher",), schedules=schedules
    ):
        made = make_town()
        made.row.demo = False
        made.row.save()
        yield made


NOW = moment("2023-03-01 08:00")
"""A Wednesday."""


def planned(town: TestTown, schedule: Schedule, until: str, now: datetime = NOW) -> int:
    town.row.refresh_from_db()
    return plan(town=town.row, schedule=schedule.key, until=date.fromisoformat(until), now=now)


def days(schedule: Schedule) -> dict[str, str]:
    held = Occurrence.objects.filter(schedule=schedule.key, cancelled_at=None).order_by("planned")
    return {str(one.planned): str(one.day) for one in held}


def on(schedule: Schedule, day: str) -> Occurrence:
    return Occurrence.objects.get(schedule=schedule.key, planned=day)


def duty(day: str, schedule: Schedule = DUTY) -> Duty:
    return Duty.objects.select_related("member").get(
        occurrence__schedule=schedule.key, occurrence__planned=day
    )


def told(one: Occurrence) -> list[tuple[str, str, str]]:
    """Who, what, why."""
    return [(entry.by.name if entry.by else "", entry.act, entry.reason) for entry in asked.trace(one)]


# -- planning --------------------------------------------------------------------------------------------------------


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


# -- opening ---------------------------------------------------------------------------------------------------------


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


# -- who is on duty --------------------------------------------------------------------------------------------------


def test_the_holders_of_the_role_take_turns(town: TestTown) -> None:
    planned(town, DUTY, "2023-03-03")
    planned(town, DUTY, "2023-03-06")
    assert [duty(f"2023-03-0{n}").member.name for n in range(1, 7)] == [
        *("roads", "roads2", "power", "team", "roads", "roads2")
    ]
    assert [m.name for m in asked.on_duty(town.row, DUTY.key, date(2023, 3, 2))] == ["roads2"]


def test_the_turn_goes_by_who_was_due_not_by_who_stood_in(town: TestTown) -> None:
    planned(town, DUTY, "2023-03-01")
    cover(duty_id=duty("2023-03-01").pk, by=town.again("team"), now=NOW, text="代班")
    planned(town, DUTY, "2023-03-02")
    assert duty("2023-03-02").member.name == "roads2"


def test_the_app_may_name_them_and_who_is_wanting_is_counted(town: TestTown) -> None:
    town.row.settings["lawyers"] = [town.member["grid_leader"].pk, town.member["roads"].pk]
    town.row.version += 1
    town.row.save()
    planned(town, LAWYER, "2023-03-01")
    one = on(LAWYER, "2023-03-01")
    assert duty("2023-03-01", LAWYER).member == town.member["grid_leader"], "who lacks the role is left out"
    assert asked.missing_people(one) == 0
    open_due(now=moment("2023-03-01 09:00"))
    one.refresh_from_db()
    assert Access.objects.filter(case=one.case, member=town.member["grid_leader"]).exists()
    Duty.objects.all().delete()
    assert asked.missing_people(one) == 1


def test_the_page_of_a_month_is_read_in_a_few_statements(
    town: TestTown, django_assert_max_num_queries: Any
) -> None:
    planned(town, DUTY, "2023-03-31")
    with django_assert_max_num_queries(2):
        rows = asked.occurrences(town.row, date(2023, 3, 1), date(2023, 3, 31), DUTY.key)
        assert len([duty.member.name for one in rows for duty in one.duties.all()]) == 31
    mine = asked.duties_of(town.member["roads"], date(2023, 3, 2))
    assert [str(one.occurrence.day) for one in mine][:2] == ["2023-03-05", "2023-03-09"]


# -- swap ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def roster(town: TestTown) -> TestTown:
    """1 March roads, 2 roads2, 3 power, 4 team …"""
    planned(town, DUTY, "2023-03-10")
    return town


def swapped(town: TestTown, mine: str, other: str, by: str = "roads") -> int:
    return propose_swap(
        duty_id=duty(mine).pk, other_id=duty(other).pk, by=town.again(by), now=NOW, text="家中有事"
    ).row


def test_a_swap_takes_place_when_the_other_agrees(roster: TestTown) -> None:
    swap = swapped(roster, "2023-03-01", "2023-03-03")
    assert duty("2023-03-01").member.name == "roads"
    power = roster.again("power")
    assert [one.pk for one in asked.swaps_asked(power)] == [swap]
    answer_swap(swap_id=swap, by=power, now=NOW, agrees=True)
    assert (duty("2023-03-01").member.name, duty("2023-03-03").member.name) == ("power", "roads")
    assert duty("2023-03-01").swapped_with == duty("2023-03-03")
    assert told(on(DUTY, "2023-03-01")) == [
        ("roads", "swap_proposed", "家中有事"),
        ("power", "swapped", "家中有事"),
    ]
    assert told(on(DUTY, "2023-03-03")) == [("power", "swapped", "家中有事")]


def test_a_swap_that_is_refused_changes_nothing(roster: TestTown) -> None:
    swap = swapped(roster, "2023-03-01", "2023-03-03")
    answer_swap(swap_id=swap, by=roster.again("power"), now=NOW, agrees=False, text="也有事")
    assert duty("2023-03-01").member.name == "roads"
    assert told(on(DUTY, "2023-03-01"))[1:] == [("power", "swap_refused", "也有事")]
    with pytest.raises(Conflict, match="已经答复"):
        answer_swap(swap_id=swap, by=roster.again("power"), now=NOW, agrees=True)


def test_only_those_concerned_propose_and_answer(roster: TestTown) -> None:
    with pytest.raises(NotAllowed, match="自己的班"):
        swapped(roster, "2023-03-02", "2023-03-03")
    swap = swapped(roster, "2023-03-01", "2023-03-03")
    with pytest.raises(NotAllowed, match="对方本人"):
        answer_swap(swap_id=swap, by=roster.again("roads"), now=NOW, agrees=True)
    with pytest.raises(Refused, match="已经提出换班"):
        swapped(roster, "2023-03-01", "2023-03-04")


def test_a_swap_whose_duties_changed_hands_meanwhile_is_off(roster: TestTown) -> None:
    swap = swapped(roster, "2023-03-01", "2023-03-03")
    cover(duty_id=duty("2023-03-01").pk, by=roster.again("team"), now=NOW, text="代班")
    with pytest.raises(Conflict, match="排班已经变了"):
        answer_swap(swap_id=swap, by=roster.again("power"), now=NOW, agrees=True)
    assert Swap.objects.get(pk=swap).answered_at is None


def test_a_swap_needs_two_people_two_days_and_one_schedule(roster: TestTown) -> None:
    with pytest.raises(Refused, match="别人在另一天的班"):
        swapped(roster, "2023-03-01", "2023-03-05")
    town = roster
    town.row.settings["lawyers"] = [town.member["grid_leader"].pk]
    town.row.version += 1
    town.row.save()
    planned(town, LAWYER, "2023-03-01")
    with pytest.raises(Refused, match="同一种值班"):
        propose_swap(
            duty_id=duty("2023-03-01").pk,
            other_id=duty("2023-03-01", LAWYER).pk,
            by=town.again("roads"),
            now=NOW,
            text="换",
        )


def test_a_day_that_is_past_is_not_swapped(roster: TestTown) -> None:
    swap = swapped(roster, "2023-03-01", "2023-03-03")
    with pytest.raises(Refused, match="已经过去"):
        answer_swap(swap_id=swap, by=roster.again("power"), now=moment("2023-03-02 09:00"), agrees=True)


# -- cover, move, cancel, held ---------------------------------------------------------------------------------------


def test_somebody_takes_over_or_is_put_on_by_the_one_who_steers(roster: TestTown) -> None:
    cover(duty_id=duty("2023-03-01").pk, by=roster.again("team"), now=NOW, text="他病了")
    assert (duty("2023-03-01").member.name, duty("2023-03-01").covers_for) == ("team", roster.member["roads"])
    cover(
        duty_id=duty("2023-03-02").pk,
        by=roster.again("clerk"),
        member_id=roster.member["power"].pk,
        now=NOW,
        text="外出培训",
    )
    assert told(on(DUTY, "2023-03-02")) == [("clerk", "covered", "外出培训")]


def test_who_may_not_stand_in(roster: TestTown) -> None:
    first = duty("2023-03-01")
    with pytest.raises(NotAllowed, match="镇管理员安排别人顶班"):
        cover(
            duty_id=first.pk, by=roster.again("team"), member_id=roster.member["power"].pk, now=NOW, text="替"
        )
    with pytest.raises(Refused, match="要是本镇的承办人"):
        cover(duty_id=first.pk, by=roster.again("grid_worker"), now=NOW, text="替")
    with pytest.raises(Refused, match="本来就是"):
        cover(duty_id=first.pk, by=roster.again("roads"), now=NOW, text="替")
    with pytest.raises(Refused, match="请填写理由"):
        cover(duty_id=first.pk, by=roster.again("team"), now=NOW, text=" ")


def test_moving_leaves_who_when_and_why(roster: TestTown) -> None:
    planned(roster, MEETING, "2023-03-31")
    one = on(MEETING, "2023-03-15")
    clerk = roster.again("clerk")
    move(occurrence_id=one.pk, day=date(2023, 3, 18), by=clerk, now=NOW, text="与党委会冲突")
    one.refresh_from_db()
    assert (one.planned, one.day) == (date(2023, 3, 15), date(2023, 3, 18)), (
        "a Saturday, since a person decides"
    )
    (entry,) = asked.trace(one)
    assert (entry.by, entry.at, entry.reason) == (clerk, NOW, "与党委会冲突")
    assert entry.data == {"was": "2023-03-15", "day": "2023-03-18"}


def test_a_change_after_the_case_was_opened_stands_in_its_record_too(roster: TestTown) -> None:
    planned(roster, MEETING, "2023-03-01")
    now = moment("2023-03-01 09:30")
    open_due(now=now)
    one = on(MEETING, "2023-03-01")
    clerk = roster.again("clerk")
    move(occurrence_id=one.pk, day=date(2023, 3, 2), by=clerk, now=now, text="停电")
    assert one.case is not None
    entry = Entry.objects.select_related("words").filter(case=one.case).latest("seq")
    assert (entry.act, entry.by, entry.words.text) == ("note", clerk, "改期：停电")
    with pytest.raises(Refused, match="这一次已经开始，不能取消；请在 CS20230301-0001 里办理"):
        cancel(occurrence_id=one.pk, by=clerk, now=now, text="不开了")


@pytest.mark.parametrize(
    ("day", "says"),
    [("2023-02-28", "已经过去的日子"), ("2023-03-15", "本来就在这一天"), ("2023-03-01", "已有一次")],
)
def test_where_it_cannot_be_moved_to(roster: TestTown, day: str, says: str) -> None:
    planned(roster, MEETING, "2023-03-31")
    with pytest.raises(Refused, match=says):
        move(
            occurrence_id=on(MEETING, "2023-03-15").pk,
            day=date.fromisoformat(day),
            by=roster.again("clerk"),
            now=NOW,
            text="改",
        )


def test_what_is_cancelled_is_not_opened(roster: TestTown) -> None:
    planned(roster, MEETING, "2023-03-01")
    one = on(MEETING, "2023-03-01")
    cancel(occurrence_id=one.pk, by=roster.again("clerk"), now=NOW, text="防汛")
    assert open_due(now=moment("2023-03-01 10:00")) == 0
    assert told(one) == [("clerk", "cancelled", "防汛")]
    with pytest.raises(Conflict, match="已经取消"):
        move(occurrence_id=one.pk, day=date(2023, 3, 9), by=roster.again("clerk"), now=NOW, text="改")


def test_what_opens_no_case_is_reported_as_held(roster: TestTown) -> None:
    one = on(DUTY, "2023-03-01")
    report = partial(hold, occurrence_id=one.pk, now=moment("2023-03-01 20:00"), text="平安无事")
    with pytest.raises(NotAllowed, match="值班人员本人"):
        report(by=roster.again("team"))
    report(by=roster.again("roads"))
    one.refresh_from_db()
    assert one.done
    with pytest.raises(Conflict, match="已经取消或完成"):
        report(by=roster.again("roads"))
    with pytest.raises(Refused, match="还没有到日子"):
        report(occurrence_id=on(DUTY, "2023-03-05").pk, by=roster.again("clerk"))


def test_what_opens_a_case_is_done_when_the_case_is(roster: TestTown) -> None:
    planned(roster, MEETING, "2023-03-01")
    open_due(now=moment("2023-03-01 09:00"))
    one = on(MEETING, "2023-03-01")
    with pytest.raises(Refused, match="办结就算完成"):
        hold(occurrence_id=one.pk, by=roster.again("clerk"), now=moment("2023-03-01 10:00"), text="开了")
    assert one.case_id is not None
    operations.act(
        case_id=one.case_id,
        action="decline",
        by=roster.again("dispatcher"),
        now=moment("2023-03-01 11:00"),
        text="开完",
    )
    assert on(MEETING, "2023-03-01").done


def test_only_the_one_who_steers_moves_and_cancels(roster: TestTown) -> None:
    planned(roster, MEETING, "2023-03-31")
    key = on(MEETING, "2023-03-15").pk
    with pytest.raises(NotAllowed, match="镇管理员改期"):
        move(occurrence_id=key, day=date(2023, 3, 16), by=roster.again("roads"), now=NOW, text="改")
    with pytest.raises(NotAllowed, match="镇管理员取消"):
        cancel(occurrence_id=key, by=roster.again("roads"), now=NOW, text="取消")


def test_another_towns_roster_is_neither_seen_nor_changed(roster: TestTown) -> None:
    other = make_town("990199102", "邻镇")
    clerk = other.again("clerk")
    one = on(DUTY, "2023-03-01")
    for change in (
        partial(move, occurrence_id=one.pk, day=date(2023, 3, 20)),
        partial(cancel, occurrence_id=one.pk),
        partial(hold, occurrence_id=one.pk),
        partial(cover, duty_id=duty("2023-03-01").pk),
    ):
        with pytest.raises(Refused, match="请刷新页面"):
            change(by=clerk, now=NOW, text="试")
    assert not asked.occurrences(other.row, date(2023, 3, 1), date(2023, 3, 31)).exists()


def test_the_same_key_gives_the_first_answer(roster: TestTown) -> None:
    first = duty("2023-03-01").pk
    covered = partial(cover, duty_id=first, by=roster.again("team"), now=NOW, text="他病了", key="k")
    assert covered() != covered()
    assert covered().again
    assert OccurrenceEntry.objects.count() == 1
