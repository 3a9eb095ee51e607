"""请假、代办、移交: who stands in sees and may do what he stands in for may, no more and no longer; the record says for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import Access, Leave, Member, Task
from shuzhi.kernel.operations.absence import withheld
from shuzhi.kernel.operations.offered import offered, state_of
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.casefile import tasks_of
from shuzhi.kernel.queries.inbox import inbox, tally
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.queries.visible import visible, visible_case
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.kernel.tests.absent import (
    BACK,
    BEGINS,
    away,
    by_whom,
    hand_over,
    inspection,
    last,
    standing,
    town_of_officers,
)
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.together import together


@pytest.fixture
def officers(db: None) -> Iterator[TestTown]:
    with town_of_officers() as made:
        yield made


# -- the deputy ------------------------------------------------------------------------------------------------------


def test_a_deputy_finds_the_tasks_of_the_one_on_leave_marked_for_whom(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    assert inbox(standing(walk, "power")) == []
    away(walk, "roads", "power")
    (row,) = inbox(standing(walk, "power"))
    assert (row["case__number"], row["for"]) == (walk.case.number, "roads")
    assert sum(one["n"] for one in tally(standing(walk, "power"), now=walk.now)) == 1
    assert visible_case(standing(walk, "power"), walk.case.number) == walk.case


def test_what_a_deputy_does_is_recorded_as_done_for_the_other(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    away(walk, "roads", "power")
    walk.do("acknowledge", "power", task_id=walk.task("roads").pk)
    assert by_whom(walk) == "power（代roads）"
    walk.act("power", "report")
    assert last(walk).data["for"] == walk.town.member["roads"].pk
    assert last(walk).by_id == walk.town.member["power"].pk
    assert walk.sound()


def test_what_is_his_own_a_deputy_does_for_nobody(walk: Walk) -> None:
    walk.open()
    walk.send("power", "roads")
    away(walk, "roads", "power")
    walk.act("power", "report")
    assert "for" not in last(walk).data
    assert by_whom(walk) == "power"
    walk.act("power", "report")
    assert by_whom(walk) == "power（代roads）"


def test_a_colleague_of_the_same_unit_finds_no_task_twice(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    away(walk, "roads", "roads2")
    assert [row["for"] for row in inbox(standing(walk, "roads2"))] == [""]
    walk.act("roads2", "report")
    assert "for" not in last(walk).data


def test_who_stands_in_for_the_one_who_steers_steers(walk: Walk) -> None:
    walk.open()
    away(walk, "dispatcher", "team")
    assert visible_case(standing(walk, "team"), walk.case.number)
    walk.act("team", "send", lead=walk.town.unit["roads"].pk)
    assert by_whom(walk) == "team（代dispatcher）"
    transferred = {"task_id": walk.task("roads").pk, "unit_id": walk.town.unit["power"].pk, "text": "改派"}
    walk.do("transfer", "team", **transferred)
    assert by_whom(walk) == "team（代dispatcher）"
    walk.do("extend", "team", clock="do", amount=1, text="雨天")
    assert last(walk).data["for"] == walk.town.member["dispatcher"].pk


def test_the_offers_of_a_deputy_are_those_of_the_one_on_leave(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    away(walk, "roads", "power")
    case, now = walk.case, walk.now

    def offers(who: str) -> set[str]:
        member = walk.town.again(who)
        assert member.town
        state = state_of(town_of(member.town), case, member, now=now, tasks=tasks_of(case))
        return {offer.key for offer in offered(state)}

    assert {"acknowledge", "report", "transfer"} <= offers("power")
    assert offers("roads") == set()


def test_the_one_on_leave_is_told_how_to_end_it(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    leave = away(walk, "roads", "power")
    with pytest.raises(NotAllowed, match=r"请假到 2023-03-03，由power代办.*先在“请假与代办”里销假"):
        walk.act("roads", "report")
    with pytest.raises(NotAllowed, match="请假"):
        Walk(walk.town).open("roads")
    operations.end_leave(leave_id=leave.row, by=walk.town.again("roads"), now=walk.now)
    walk.act("roads", "report")
    assert inbox(standing(walk, "power")) == []


def test_a_leave_holds_on_its_days_only(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    away(walk, "roads", "power", since=date(2023, 3, 2))
    with pytest.raises(NotAllowed):
        walk.act("power", "report")
    walk.later(days=1)
    assert visible_case(standing(walk, "power"), walk.case.number)
    walk.later(days=2)
    with pytest.raises(NotAllowed):
        walk.act("power", "report")
    assert visible_case(standing(walk, "power"), walk.case.number) is None
    walk.act("roads", "report")


def test_a_proposal_made_in_his_name_is_not_his_to_approve(officers: TestTown) -> None:
    walk = Walk(officers)
    officers.add_member("chief", "command", ["dispatcher", "leader"])
    walk.open("dispatcher")
    walk.send("roads")
    walk.act("roads", "report")
    away(walk, "chief", "team")
    walk.do("suspend", "team", text="等材料")
    assert by_whom(walk) == "team（代chief）"
    walk.later(days=3)
    task = walk.task(kind="approval")
    with pytest.raises(Refused, match="提请人不能审批自己提请的事项"):
        walk.do("approve", "chief", task_id=task.pk, agrees=True)
    walk.do("approve", "leader", task_id=task.pk, agrees=True)


def test_standing_in_costs_no_statement(walk: Walk) -> None:
    counts = []
    for on_leave in (False, True):
        if on_leave:
            away(walk, "roads", "power")
        walk.open()
        walk.send("roads")
        actor = walk.town.again("power" if on_leave else "roads")
        with CaptureQueriesContext(connection) as captured:
            inbox(standing(walk, "power"))
            operations.act(case_id=walk.id, action="report", by=actor, now=walk.later(), text="好了")
        counts.append(len([one for one in captured if "nextval" not in one["sql"]]))
    assert counts[0] == counts[1]


# -- powers tied to a capacity ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["finish", "evidence"])
def test_a_power_tied_to_a_certificate_passes_only_to_one_who_has_it(officers: TestTown, action: str) -> None:
    walk = Walk(officers, inspection.key)
    walk.open("dispatcher")
    away(walk, "officer", "team")
    refused = r"李某乙请假期间，执法人员的职权只能由同样是执法人员的人行使.*行政处罚法第四十二条"
    with pytest.raises(Unlawful, match=refused):
        walk.act("team", action)
    assert inbox(standing(walk, "team")) == []
    away(walk, "officer2", "team", since=date(2023, 3, 6), until=date(2023, 3, 8))
    operations.end_leave(leave_id=Leave.objects.earliest("id").pk, by=officers.again("officer"), now=walk.now)
    away(walk, "officer", "officer2")
    walk.act("officer2", action)


def test_a_leader_signs_only_in_the_place_of_another_leader(officers: TestTown) -> None:
    walk = Walk(officers)
    officers.add_member("leader2", "command", ["leader"])
    walk.open()
    walk.send("roads")
    walk.do("suspend", "roads", text="等材料")
    away(walk, "leader", "clerk")
    task = walk.task(kind="approval")
    with pytest.raises(Unlawful, match="领导的职权只能由同样是领导的人行使"):
        walk.do("approve", "clerk", task_id=task.pk, agrees=True)
    with pytest.raises(NotAllowed):
        walk.do("supervise", "clerk", text="盯紧")
    walk.do("approve", "leader2", task_id=task.pk, agrees=True)


def test_what_would_not_pass_is_told_before_the_leave_is_taken(officers: TestTown) -> None:
    member = officers.member
    assert withheld(member["officer"], member["team"]) == ["执法人员"]
    assert withheld(member["officer"], member["officer2"]) == []


# -- inbox, sight and permission are one -----------------------------------------------------------------------------

PEOPLE = ("dispatcher", "roads", "roads2", "power", "team", "grid_leader", "leader", "clerk")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    reporters=st.lists(st.sampled_from(["roads", "grid_worker", None]), min_size=1, max_size=3),
    units=st.lists(st.sampled_from(["roads", "power", "enforcement"]), min_size=1, max_size=3, unique=True),
    leaves=st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)), max_size=5),
)
def test_whoever_is_away_the_inbox_lists_what_may_be_answered_and_no_more_than_may_be_seen(
    town: TestTown, reporters: list[Any], units: list[str], leaves: list[tuple[str, str]]
) -> None:
    walk = Walk(town)
    for number, reporter in enumerate(reporters):
        walk.open(reporter)
        if number:
            walk.send(*units)
    for who, deputy in leaves:
        try:
            away(walk, who, deputy)
        except NotDone:
            continue
    for who in PEOPLE:
        member = standing(walk, who)
        listed = [row["id"] for row in inbox(member)]
        seen = set(visible(member).values_list("pk", flat=True))
        answerable = [task.pk for task in Task.objects.filter(done_at=None) if holds(task, member)]
        assert sorted(listed) == sorted(answerable)
        assert {row["case_id"] for row in inbox(member)} <= seen
        for case in Task.objects.values_list("case__number", "case_id").distinct():
            assert (visible_case(member, case[0]) is not None) == (case[1] in seen)
    Leave.objects.all().delete()
    type(town.row).objects.filter(pk=town.row.pk).update(version=town.again("clerk").town.version + 1)  # type: ignore[union-attr]


# -- bad input -------------------------------------------------------------------------------------------------------

Try = Callable[[Walk], Any]
D = timedelta(days=1)
WRONG: list[tuple[str, type[NotDone], str, Try]] = [
    ("himself", Refused, "代办人不能是本人", lambda w: away(w, "roads", "roads")),
    ("backwards", Refused, "返岗日期要在请假开始之后", lambda w: away(w, "roads", "power", BACK, BEGINS)),
    ("no day", Refused, "返岗日期要在请假开始之后", lambda w: away(w, "roads", "power", BEGINS, BEGINS)),
    ("past", Refused, "已经过去", lambda w: away(w, "roads", "power", BEGINS - 9 * D, BEGINS)),
    ("for years", Refused, "最长一年", lambda w: away(w, "roads", "power", BEGINS, BEGINS + 400 * D)),
    ("another's", NotAllowed, "本人或镇管理员", lambda w: away(w, "roads", "power", by="team")),
    (
        "twice",
        Refused,
        "roads在 2023-03-01 至 2023-03-03 已经请假",
        lambda w: [away(w, "roads", "power"), away(w, "roads", "team", BACK - D, BACK + D)],
    ),
    (
        "a deputy who is away",
        Refused,
        "power在 2023-03-01 至 2023-03-03 自己请假",
        lambda w: [away(w, "power", "team"), away(w, "roads", "power")],
    ),
    (
        "while he stands in",
        Refused,
        "power在 2023-03-01 至 2023-03-03 要代roads办件",
        lambda w: [away(w, "roads", "power"), away(w, "power", "team")],
    ),
    (
        "a deputy who leaves meanwhile",
        Refused,
        "power只任职到 2023-03-01",
        lambda w: [hand_over(w, "power", "team", BEGINS + D), away(w, "roads", "power")],
    ),
    ("successor himself", Refused, "接手人不能是本人", lambda w: hand_over(w, "roads", "roads")),
    ("yesterday", Refused, "不能早于今天", lambda w: hand_over(w, "roads", "roads2", BEGINS - D)),
    ("not by a clerk", NotAllowed, "镇管理员", lambda w: hand_over(w, "roads", "roads2", by="roads")),
    (
        "twice over",
        Refused,
        "没有这名人员，或已经离岗",
        lambda w: [hand_over(w, "roads", "roads2"), hand_over(w, "roads", "power")],
    ),
    (
        "to one on leave",
        Refused,
        "请假，请另选接手人",
        lambda w: [away(w, "roads2", "power"), hand_over(w, "roads", "roads2", BEGINS)],
    ),
    (
        "no such leave",
        Refused,
        "没有这条请假",
        lambda w: operations.end_leave(leave_id=0, by=w.town.again("clerk"), now=w.now),
    ),
]


@pytest.mark.parametrize(("_name", "error", "says", "attempt"), WRONG, ids=[one[0] for one in WRONG])
def test_what_makes_no_sense_is_refused_plainly(
    walk: Walk, _name: str, error: type[NotDone], says: str, attempt: Try
) -> None:
    with pytest.raises(error, match=says):
        attempt(walk)


def test_a_deputy_of_another_town_or_the_same_person_is_none(walk: Walk) -> None:
    other = make_town("990199102", "另一镇")
    walk.town.member["stranger"] = other.member["roads"]
    with pytest.raises(Refused, match="代办人不在本镇任职"):
        away(walk, "roads", "stranger")
    second = Member.objects.create(
        user=walk.town.member["roads"].user,
        unit=walk.town.unit["power"],
        town=walk.town.row,
        name="roads",
        valid_from=date(2020, 1, 1),
    )
    walk.town.member["second"] = second
    with pytest.raises(Refused, match="代办人不能是本人"):
        away(walk, "roads", "second")


def test_a_leave_is_ended_once(walk: Walk) -> None:
    leave = away(walk, "roads", "power", by="clerk")
    operations.end_leave(leave_id=leave.row, by=walk.town.again("clerk"), now=walk.now)
    with pytest.raises(Conflict, match="已经结束"):
        operations.end_leave(leave_id=leave.row, by=walk.town.again("clerk"), now=walk.now)


def test_the_sight_lent_ends_with_the_leave_even_of_what_the_deputy_did(walk: Walk) -> None:
    walk.open()
    away(walk, "dispatcher", "team")
    walk.act("team", "send", lead=walk.town.unit["roads"].pk)
    walk.later(days=4)
    assert visible_case(standing(walk, "team"), walk.case.number) is None
    assert not Access.objects.filter(member=walk.town.member["team"]).exists()


@pytest.mark.django_db(transaction=True)
def test_two_leaves_of_one_member_at_the_same_moment_are_one(walk: Walk) -> None:
    answers = together(lambda: away(walk, "roads", "power"), lambda: away(walk, "roads", "team"))
    assert sorted(type(one).__name__ for one in answers) == ["Done", "Refused"]
    assert Leave.objects.count() == 1
