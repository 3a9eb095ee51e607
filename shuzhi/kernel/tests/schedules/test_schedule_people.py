"""Who is on duty: in turn or as the app says; swapped when both agree, covered, moved, cancelled, each with its trace."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Access, Duty, Entry, OccurrenceEntry, Swap
from shuzhi.kernel.operations.schedules import (
    answer_swap,
    cancel,
    cover,
    hold,
    move,
    open_due,
    propose_swap,
)
from shuzhi.kernel.queries import schedules as asked
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.schedules.conftest import (
    DUTY,
    LAWYER,
    MEETING,
    NOW,
    duty,
    on,
    planned,
    told,
)

# -- who is on duty ---------------------------------------------------------------------------------------------------


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
    assert asked.missing_people(one, town_of(town.row)) == 0
    open_due(now=moment("2023-03-01 09:00"))
    one.refresh_from_db()
    assert Access.objects.filter(case=one.case, member=town.member["grid_leader"]).exists()
    Duty.objects.all().delete()
    assert asked.missing_people(one, town_of(town.row)) == 1


def test_the_page_of_a_month_is_read_in_a_few_statements(
    town: TestTown, django_assert_max_num_queries: Any
) -> None:
    planned(town, DUTY, "2023-03-31")
    with django_assert_max_num_queries(2):
        rows = asked.occurrences(town.row, date(2023, 3, 1), date(2023, 3, 31), DUTY.key)
        assert len([duty.member.name for one in rows for duty in one.duties.all()]) == 31
    mine = asked.duties_of(town.member["roads"], date(2023, 3, 2))
    assert [str(one.occurrence.day) for one in mine][:2] == ["2023-03-05", "2023-03-09"]


# -- swap -------------------------------------------------------------------------------------------------------------


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


# -- cover, move, cancel, held ----------------------------------------------------------------------------------------


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
