"""What makes no sense is refused in one plain sentence, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.declare import Action, Clock, End
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone, Refused
from shuzhi.kernel.forms import ActForm, date_field
from shuzhi.kernel.models import Case, Entry, Words
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, Walk, errand

Try = Callable[[Walk], Any]


def act(action: str, by: str = "dispatcher", **more: Any) -> Try:
    return lambda walk: walk.do("act", by, action=action, **more)


def to_roads(walk: Walk) -> dict[str, Any]:
    return {"lead": walk.town.unit["roads"].pk}


WRONG: list[tuple[str, type[NotDone], str, Try]] = [
    ("no such act", Refused, "没有这个操作", act("fly")),
    ("out of turn", Conflict, "已经到了“派件”", act("close")),
    ("the wrong role", NotAllowed, "这一步不归您办理", act("send", "roads")),
    (
        "in the future",
        Refused,
        "发生时间不能晚于现在",
        lambda walk: act("send", at=walk.now + timedelta(hours=1), data=to_roads(walk))(walk),
    ),
    (
        "before the report",
        Refused,
        "发生时间早于上报时间",
        lambda walk: act("send", at=moment("2023-02-28 09:00"), data=to_roads(walk))(walk),
    ),
    ("no such task", Refused, "没有这项任务", lambda walk: walk.do("acknowledge", "dispatcher", task_id=0)),
    (
        "no such approval",
        Refused,
        "没有这项审批",
        lambda walk: walk.do("approve", "leader", task_id=0, agrees=True),
    ),
    (
        "no side task",
        Refused,
        "要按步骤办理",
        lambda walk: walk.do("answer", "dispatcher", task_id=walk.task().pk, text="好"),
    ),
    (
        "too long an extension",
        Refused,
        "一次最多延长 1000",
        lambda walk: walk.do("extend", "dispatcher", clock="sort", amount=10**12, text="难"),
    ),
    ("an empty note", Refused, "请填写备注", lambda walk: walk.do("note", "dispatcher", text=" \n")),
    (
        "merged into itself",
        Refused,
        "不能并入自己",
        lambda walk: walk.do("merge", "dispatcher", into_id=walk.id),
    ),
    ("merged into nothing", Refused, "没有这一件", lambda walk: walk.do("merge", "dispatcher", into_id=0)),
    (
        "corrected to the same",
        Refused,
        "与原来的一样",
        lambda walk: walk.do("correct", "dispatcher", field="title", value=walk.case.title, text="错"),
    ),
    (
        "not to be corrected",
        Refused,
        "这一项不能更正",
        lambda walk: walk.do("correct", "dispatcher", field="step", value="check", text="错"),
    ),
    (
        "rated while open",
        Refused,
        "办结后才能评价",
        lambda walk: walk.do("rate", None, town_id=walk.town.row.pk, satisfied=5, solved=True),
    ),
    (
        "reopened while open",
        Conflict,
        "还没有办结",
        lambda walk: walk.do("reopen", "dispatcher", text="再办"),
    ),
    (
        "nobody to assist",
        Refused,
        "还没有主办单位",
        lambda walk: walk.do("assist", "dispatcher", unit_id=1, text="帮"),
    ),
]


@pytest.mark.parametrize(
    ("kind", "says", "attempt"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_it_is_refused_and_nothing_is_written(
    walk: Walk, kind: type[NotDone], says: str, attempt: Try
) -> None:
    walk.open()
    before = Case.objects.values().get(pk=walk.id)
    with pytest.raises(kind, match=says):
        attempt(walk)
    assert Case.objects.values().get(pk=walk.id) == before
    assert walk.acts() == ["open"]


def test_an_act_on_a_case_that_does_not_exist_is_refused(walk: Walk) -> None:
    with pytest.raises(Refused, match="没有这一件"):
        walk.do("note", "dispatcher", text="一笔")


def test_an_act_twice_tells_who_was_first(walk: Walk) -> None:
    walk.open()
    walk.send()
    with pytest.raises(Conflict, match="这件已经到了“办理”：dispatcher 09:15 派件") as lost:
        walk.send()
    assert lost.value.state == {
        "number": walk.case.number,
        "step": "do",
        "outcome": "",
        "seen": 2,
        "act": "send",
        "by": "dispatcher",
        "at": walk.case.record.get(seq=2).at.isoformat(),
    }


def test_on_a_closed_round_nothing_is_done_any_more(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    late = walk.task("roads")
    walk.act("roads", "report")
    walk.act("dispatcher", "close")
    with pytest.raises(Conflict, match="这件已经办结：dispatcher 09:45 办结"):
        walk.act("dispatcher", "redo")
    walk.do("reopen", "dispatcher", text="又坏了")
    with pytest.raises(Conflict, match="这项任务已经办理"):
        walk.do("acknowledge", "roads", task_id=late.pk)
    with pytest.raises(Refused, match="这个时限已经结束"):
        walk.do("extend", "roads", clock="sort", amount=1, text="难")
    assert walk.acts()[-1] == "reopen"


def test_an_act_beside_the_steps_by_the_wrong_role_names_the_right_one(town: TestTown) -> None:
    beside = replace(errand, acts=(Action("look", "现场查看", role="unit_handler"),))
    with declared(beside, roles=ROLES, town_wide=("dispatcher",)):
        walk = Walk(town)
        walk.open()
        with pytest.raises(NotAllowed, match="“现场查看”要由承办人办理"):
            walk.act("dispatcher", "look")
        assert walk.acts() == ["open"]


def test_an_act_beside_the_steps_is_proposed_once(town: TestTown) -> None:
    beside = replace(errand, acts=(Action("stop", "终止", to=End("failed"), approve=("leader",)),))
    with declared(beside, roles=ROLES, town_wide=("dispatcher",)):
        walk = Walk(town)
        walk.open()
        walk.act("dispatcher", "stop")
        with pytest.raises(Refused, match="已经提请审批，请等待审批结果"):
            walk.act("dispatcher2", "stop")
        assert walk.acts() == ["open", "propose:stop"]


def test_nobody_agrees_to_what_he_proposed_himself(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.act("roads", "report")
    both = walk.town.member["dispatcher"]
    both.roles = ["dispatcher", "leader"]
    both.save()
    walk.act("dispatcher", "give_up")
    with pytest.raises(Refused, match="提请人不能审批自己提请的事项，请由他人审批"):
        walk.do("approve", "dispatcher", task_id=walk.task(kind="approval").pk, agrees=True)
    assert walk.acts()[-1] == "propose:give_up"


@pytest.mark.parametrize("day", [date.max, date.min, date(2232, 3, 1), date(203, 3, 1)])
def test_a_clock_counts_from_no_impossible_date(town: TestTown, day: date) -> None:
    serve = Action("serve", "送达", role="dispatcher")
    sue = Clock("sue", "起诉", 6, "months", starts=("serve",), ends=("end",), on="served_on", extend_by=None)
    with declared(replace(errand, acts=(serve,), clocks=(sue,)), roles=ROLES, town_wide=("dispatcher",)):
        walk = Walk(town)
        walk.open()
        with pytest.raises(Refused, match=f"“起诉”的起算日期 {day} 不对，请改正"):
            walk.act("dispatcher", "serve", served_on=day)
        assert walk.acts() == ["open"]


@pytest.mark.parametrize("typed", ["2023-02-31", "2023-13-01", "明天", "20230301x"])
def test_a_day_that_is_none_is_refused_by_the_form(typed: str) -> None:
    class Serve(ActForm):
        served_on = date_field("送达日期")

    assert Serve({"served_on": typed}, town=None).errors["served_on"] == ["送达日期要写成日期，如 2026-11-23"]
    assert Serve({"served_on": ""}, town=None).errors["served_on"] == ["请填写送达日期"]


def test_a_stale_form_is_told_so(walk: Walk) -> None:
    seen = walk.open().seq
    walk.send("roads")
    walk.act("roads", "report")
    walk.act("dispatcher", "redo")
    with pytest.raises(Conflict, match="这件刚被他人办理"):
        walk.do("act", "power", action="report", seen=seen)


def test_a_phone_that_runs_a_little_fast_is_set_right(walk: Walk) -> None:
    walk.open()
    now = walk.now + timedelta(minutes=1)
    walk.do("act", "dispatcher", action="decline", at=now + timedelta(minutes=16))
    assert walk.case.record.latest("seq").at == walk.now


def test_what_happened_earlier_is_recorded_as_of_then(walk: Walk) -> None:
    walk.open()
    happened = walk.now + timedelta(minutes=5)
    walk.later(hours=3)
    walk.do("act", "dispatcher", action="send", at=happened, data=to_roads(walk))
    entry = walk.case.record.latest("seq")
    assert (entry.at, entry.recorded_at) == (happened, walk.now)
    assert walk.run("do").started_at == walk.run("sort").met_at == happened


def test_a_nul_is_left_out_of_words_and_titles(walk: Walk) -> None:
    walk.open(title="修\x00路", text="有\x00坑")
    assert walk.case.title == "修路"
    assert Words.objects.get().text == "有坑"
    assert walk.sound()


@pytest.mark.parametrize("title", ["", "  ", "\x00"])
def test_a_case_without_a_title_is_not_opened(town: TestTown, title: str) -> None:
    with pytest.raises(Refused, match="请填写标题"):
        operations.open_case(
            type=errand.key, town=town.row, by=None, opening=Opening(title), now=moment("2023-03-01 09:00")
        )
    assert not Entry.objects.exists()


def test_a_title_too_long_is_cut(walk: Walk) -> None:
    walk.open(title="路" * 500)
    assert walk.case.title == "路" * 120


def test_nobody_opens_a_case_for_another_town(town: TestTown) -> None:
    other = make_town("990199102", "另一镇")
    with pytest.raises(NotAllowed, match="不能替别的镇登记"):
        operations.open_case(
            type=errand.key,
            town=town.row,
            by=other.again("dispatcher"),
            opening=Opening("修路"),
            now=moment("2023-03-01 09:00"),
        )


def test_a_case_is_not_merged_into_one_of_another_town_or_type_or_a_closed_one(walk: Walk) -> None:
    walk.open()
    abroad = Walk(make_town("990199102", "另一镇"))
    abroad.open()
    with pytest.raises(NotAllowed, match="不属于您所在的镇"):
        walk.do("merge", "dispatcher", into_id=abroad.id)
    over = Walk(walk.town)
    over.open()
    over.act("dispatcher", "decline")
    with pytest.raises(Conflict, match="要并入的那件已经办结"):
        walk.do("merge", "dispatcher", into_id=over.id)
    assert walk.acts() == ["open"]
