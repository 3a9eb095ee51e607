"""How time limits run: restarts, holds, items, minimum periods, days they count from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, Clock, End, Step, Term
from shuzhi.kernel.errors import Refused, Unlawful
from shuzhi.kernel.models import ClockRun, Pause, Task
from shuzhi.kernel.testing import TestTown, declared, moment
from shuzhi.kernel.tests.errand import CENTRE, HANDLER, ROLES, Walk

timed = CaseType(
    "tested.timed",
    "有时限",
    control=CENTRE,
    outcomes={"done": "办成"},
    acts=(
        Action("mend", "补正", role=CENTRE),
        Action(
            "consult",
            "征求意见",
            role=CENTRE,
            asks=lambda case: [Ask(unit=case.town.codes["roads"], role=HANDLER, holds=("answer",))],
        ),
        Action("serve", "送达", role=CENTRE),
        Action("pay", "缴纳", role=CENTRE),
        Action("levy", "催缴", role=CENTRE),
        Action("hearing", "定听证日", role=CENTRE),
    ),
    steps=(
        Step(
            "one",
            "一",
            CENTRE,
            (Action("close", "办结", to=End("done")), Action("agree", "同意", to=STAY, approve=("leader",))),
        ),
    ),
    clocks=(
        Clock("answer", "答复", 20, law="INF-33", starts=("open", "mend"), ends=("end",), extend_by=20),
        Clock("target", "内部目标", 3, starts=("open",), ends=("end",), extend_by=None),
        Clock("hear", "听证申请", 5, starts=("open",), law="PEN-064", sense="not_before"),
        Clock("sue", "起诉", 6, "months", law="PEN-RM3", starts=("serve",), ends=("end",), on="served_on"),
        Clock("agreed", "确认", 30, "calendar", starts=("agree",), ends=("end",), on="effective_on"),
        Clock(
            "notice",
            "提前通知",
            7,
            "calendar",
            law="PEN-064",
            starts=("hearing",),
            sense="before",
            on="heard_on",
        ),
        Clock("pay", "缴纳", 15, "calendar", starts=("levy",), ends=("pay",), per="item"),
        Clock("rare", "少见", 1, starts=("open",), ends=("end",), when=lambda case: case.case.urgency == 2),
        Clock(
            "own",
            "自定",
            starts=("open",),
            ends=("end",),
            term=lambda case: Term(2 + case.case.urgency, "hours"),
        ),
    ),
)


@pytest.fixture
def timed_walk(town: TestTown) -> Iterator[Walk]:
    with declared(timed, roles=ROLES, town_wide=(CENTRE,)):
        walk = Walk(town, timed.key)
        walk.open()
        yield walk


def test_a_repeated_start_restarts_a_clock_and_the_old_run_is_void(timed_walk: Walk) -> None:
    first = timed_walk.run("answer")
    timed_walk.later(days=2)
    timed_walk.act("dispatcher", "mend")
    first.refresh_from_db()
    again = timed_walk.run("answer")
    assert (first.void, again.void, again.met_at) == (True, False, None)
    assert again.started_at == timed_walk.now
    assert again.due_at > first.due_at


def test_a_clock_whose_condition_is_false_does_not_run(timed_walk: Walk) -> None:
    assert not ClockRun.objects.filter(case_id=timed_walk.id, key="rare").exists()
    urgent = Walk(timed_walk.town, timed.key)
    urgent.open(urgency=2)
    assert urgent.run("rare").met_at is None


def test_the_term_of_a_clock_may_depend_on_the_case(timed_walk: Walk) -> None:
    assert timed_walk.run("own").due_at == moment("2023-03-01 11:00")
    urgent = Walk(timed_walk.town, timed.key)
    urgent.open(urgency=2)
    assert urgent.run("own").due_at == moment("2023-03-01 13:00")


def test_a_minimum_period_never_makes_a_case_due(timed_walk: Walk) -> None:
    case, hear = timed_walk.case, timed_walk.run("hear")
    assert case.due_at == min(
        run.due_at for run in ClockRun.objects.filter(case_id=case.pk) if run.sense != "not_before"
    )
    quiet = CaseType(
        "tested.quiet",
        "只有最短期限",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(Step("one", "一", CENTRE, (Action("close", "办结", to=End("done")),)),),
        clocks=(Clock("hear", "听证申请", 5, starts=("open",), sense="not_before"),),
    )
    with declared(quiet, roles=ROLES):
        walk = Walk(timed_walk.town, quiet.key)
        walk.open()
        assert (walk.case.due_at, walk.task().due_at) == (NEVER, NEVER)
    assert hear.due_at < NEVER


def test_a_minimum_period_outlives_the_closing(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "close")
    assert timed_walk.run("hear").met_at is None
    assert timed_walk.case.due_at == NEVER


def test_a_clock_counts_from_the_day_the_form_names(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "serve", served_on=date(2023, 3, 10))
    run = timed_walk.run("sue")
    assert run.started_at == moment("2023-03-10 00:00")
    assert run.raw_date == date(2023, 9, 10)
    assert run.due_at.astimezone(UTC) > moment("2023-09-10 12:00"), "a Sunday: it rolls over"


def test_without_that_day_the_act_is_refused_and_nothing_is_written(timed_walk: Walk) -> None:
    with pytest.raises(Refused, match="“起诉”要从一个日期起算，请填写该日期"):
        timed_walk.act("dispatcher", "serve")
    assert timed_walk.acts() == ["open"]


def test_a_day_survives_an_approval(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "agree", effective_on=date(2023, 3, 6))
    timed_walk.do("approve", "leader", task_id=timed_walk.task(kind="approval").pk, agrees=True)
    run = timed_walk.run("agreed")
    assert run.started_at == moment("2023-03-06 00:00")
    assert run.raw_date == date(2023, 4, 5)


def test_a_clock_may_count_back_from_a_set_day(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "hearing", heard_on=date(2023, 10, 16))
    assert timed_walk.run("notice").raw_date == date(2023, 10, 9)


def test_each_item_has_its_own_clock(timed_walk: Walk) -> None:
    for item in ("一期", "二期"):
        timed_walk.act("dispatcher", "levy", item=item)
    timed_walk.act("dispatcher", "pay", item="一期")
    met = dict(ClockRun.objects.filter(case_id=timed_walk.id, key="pay").values_list("item", "met_at"))
    assert met == {"一期": timed_walk.now, "二期": None}
    timed_walk.act("dispatcher", "levy", item="二期")
    assert [
        run.void for run in ClockRun.objects.filter(case_id=timed_walk.id, item="二期").order_by("id")
    ] == [True, False]


def test_an_act_that_names_no_item_ends_the_clocks_of_all(timed_walk: Walk) -> None:
    for item in ("一期", "二期"):
        timed_walk.act("dispatcher", "levy", item=item)
    timed_walk.act("dispatcher", "pay")
    runs = ClockRun.objects.filter(case_id=timed_walk.id, key="pay")
    assert [(run.void, run.met_at) for run in runs] == [(False, timed_walk.now)] * 2


def test_a_question_holds_the_clock_it_names_and_no_other_until_it_is_answered(timed_walk: Walk) -> None:
    before = timed_walk.run("answer").due_at
    target = timed_walk.run("target").due_at
    timed_walk.act("dispatcher", "consult")
    assert timed_walk.run("answer").due_at == NEVER
    assert timed_walk.run("target").due_at == target
    timed_walk.later(days=7)
    timed_walk.do("answer", "roads", task_id=timed_walk.task("roads", kind="side").pk, text="没有意见")
    run = timed_walk.run("answer")
    held = Pause.objects.get(run=run)
    assert held.until == timed_walk.now
    assert run.due_at - before == timedelta(days=6), (
        "2, 3, 6 and 7 March stood: four working days, over a weekend"
    )
    assert timed_walk.case.due_at < NEVER


def test_a_clock_stands_until_the_last_of_two_questions_is_answered(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "consult")
    timed_walk.act("dispatcher", "consult")
    first, second = Task.objects.filter(case_id=timed_walk.id, kind="side").order_by("id")
    timed_walk.do("answer", "roads", task_id=first.pk, text="没有意见")
    assert timed_walk.run("answer").due_at == NEVER
    timed_walk.do("answer", "roads", task_id=second.pk, text="也没有")
    assert timed_walk.run("answer").due_at < NEVER


def test_a_question_that_goes_to_another_unit_goes_on_holding(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "consult")
    timed_walk.do(
        "transfer",
        "dispatcher",
        task_id=timed_walk.task("roads", kind="side").pk,
        unit_id=timed_walk.town.unit["power"].pk,
        text="归供电所",
    )
    assert timed_walk.run("answer").due_at == NEVER
    timed_walk.do("answer", "power", task_id=timed_walk.task("power", kind="side").pk, text="没有意见")
    assert timed_walk.run("answer").due_at < NEVER


def test_a_clock_restarted_while_a_question_is_open_stands_at_once(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "consult")
    timed_walk.act("dispatcher", "mend")
    assert timed_walk.run("answer").due_at == NEVER


def test_resuming_a_suspended_case_does_not_answer_its_questions(timed_walk: Walk) -> None:
    timed_walk.act("dispatcher", "consult")
    timed_walk.do("suspend", "dispatcher", text="等雨停")
    assert timed_walk.run("target").due_at == NEVER
    timed_walk.do("resume", "dispatcher")
    assert timed_walk.run("answer").due_at == NEVER
    assert timed_walk.run("target").due_at < NEVER


def test_a_suspension_holds_targets_and_never_what_the_law_sets(timed_walk: Walk) -> None:
    before = {run.key: run.due_at for run in ClockRun.objects.filter(case_id=timed_walk.id)}
    timed_walk.do("suspend", "dispatcher", text="等雨停")
    after = {run.key: run.due_at for run in ClockRun.objects.filter(case_id=timed_walk.id)}
    assert after == {**before, "target": NEVER, "own": NEVER}
    assert timed_walk.case.due_at == before["answer"], "the law's own day is what remains"


def test_a_target_that_starts_in_a_suspended_case_stands(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.do("suspend", "dispatcher", text="等雨停")
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    walk.do("assist", "dispatcher", unit_id=walk.town.unit["power"].pk, text="一起")
    assert ClockRun.objects.get(task=walk.task("power")).due_at == NEVER
    walk.do("resume", "dispatcher")
    assert ClockRun.objects.get(task=walk.task("power")).due_at < NEVER


def test_a_statutory_clock_is_extended_as_far_as_its_rule_allows(timed_walk: Walk) -> None:
    before = timed_walk.run("answer").due_at
    timed_walk.do("extend", "dispatcher", clock="answer", amount=20, text="案情复杂")
    assert timed_walk.run("answer").due_at > before
    with pytest.raises(Unlawful, match="“答复”最多可延长 20，已延长 20（政府信息公开条例第三十三条）"):
        timed_walk.do("extend", "dispatcher", clock="answer", amount=1, text="还不够")


def test_every_task_has_its_own_clock_which_its_signing_ends(walk: Walk) -> None:
    walk.open()
    walk.send("roads", "power")
    walk.do("acknowledge", "roads", task_id=walk.task("roads").pk)
    met = {
        run.task.unit_id: run.met_at is not None
        for run in ClockRun.objects.filter(case_id=walk.id, key="sign").select_related("task")
        if run.task
    }
    assert met == {walk.town.unit["roads"].pk: True, walk.town.unit["power"].pk: False}


def test_a_clock_of_the_case_may_end_with_the_signing(town: TestTown) -> None:
    signed = CaseType(
        "tested.signed",
        "签收计时",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(Step("one", "一", CENTRE, (Action("close", "办结", to=End("done")),)),),
        clocks=(
            Clock("sign", "签收", 1, "hours", starts=("open",), ends=("acknowledge",)),
            Clock("work", "办理", 3, starts=("acknowledge",), ends=("end",)),
        ),
    )
    with declared(signed, roles=ROLES):
        walk = Walk(town, "tested.signed")
        walk.open()
        walk.do("acknowledge", "dispatcher", task_id=walk.task().pk)
        assert walk.run("sign").met_at == walk.now
        assert walk.run("work").started_at == walk.now
        assert walk.sound()


def test_a_day_in_the_form_may_be_a_moment(timed_walk: Walk) -> None:
    when: Any = moment("2023-03-10 10:30")
    timed_walk.act("dispatcher", "serve", served_on=when)
    assert timed_walk.run("sue").started_at == when
