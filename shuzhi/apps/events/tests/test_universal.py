"""The acts every case has: who may, what each does to step, clocks, record and sight, and how it is taken back."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from shuzhi.apps.events.models import Category
from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.apps.events.tests.universal import (
    EVERYBODY,
    TABLE,
    Row,
    clocks,
    dispatched,
    picture,
    reported,
    sight,
    standing,
)
from shuzhi.kernel import operations
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import ClockRun, Entry, Outgoing
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.testing import make_town

rows = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
undoable = pytest.mark.parametrize("row", [row for row in TABLE if row.undo], ids=lambda row: row.name)


def taken(row: Row, walk: Walk, by: str = "") -> Any:
    """The act of a row, by somebody who may."""
    return row.call(walk, walk.town.again(by or min(row.may)), walk.later())


def in_order(walk: Walk) -> bool:
    case = walk.case
    told = replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)
    return told and verify().faults == ()


@rows
def test_who_may(walk: Walk, row: Row) -> None:
    row.at(walk)
    assert set(walk.town.member) == EVERYBODY
    for name in sorted(EVERYBODY):
        entries = walk.case.entries
        with transaction.atomic():
            try:
                done = row.call(walk, walk.town.again(name), walk.now)
                let = done.seq == entries + 1 and walk.case.record.latest("seq").act == row.act
            except NotAllowed:
                let = False
            transaction.set_rollback(True)
        assert let == (name in row.may), name
        assert walk.case.entries == entries


@rows
def test_nobody_of_another_town_may(walk: Walk, row: Row) -> None:
    row.at(walk)
    other = make_town("990199102", "另一镇")
    entries = walk.case.entries
    for name in other.member:
        with pytest.raises(NotAllowed):
            row.call(walk, other.again(name), walk.now)
    assert Entry.objects.filter(case_id=walk.id).count() == entries


@rows
def test_what_it_does(walk: Walk, row: Row) -> None:
    row.at(walk)
    entries, saw = walk.case.entries, sight(walk)
    done = taken(row, walk)
    last = walk.case.record.latest("seq")
    assert walk.case.entries == Entry.objects.filter(case_id=walk.id).count() == entries + 1 == done.seq
    assert (last.act, last.at, last.by) == (row.act, walk.now, walk.town.member[min(row.may)])
    wanted = {name: value(walk) if callable(value) else value for name, value in row.says.items()}
    assert {name: last.said.get(name) for name in wanted} == wanted
    assert walk.case.step == row.step
    assert clocks(walk) == row.clocks
    if row.sees or row.blind:
        assert set(row.sees) <= sight(walk)
        assert not set(row.blind) & sight(walk)
    else:
        assert sight(walk) == saw
    assert in_order(walk)


@rows
def test_a_reason_is_asked_for_where_the_act_takes_something_from_somebody(walk: Walk, row: Row) -> None:
    row.at(walk)
    arguments = {**row.call.given(walk), **({"text": "  "} if "text" in row.call.arguments else {})}
    wanted = row.act not in ("urge", "assist", "approve:suspend", "resume", "withdraw", "merge", "rate")
    with pytest.raises(Refused, match="请填写") if wanted else nullcontext():
        walk.do(row.call.operation, min(row.may), **arguments)


# -- 撤回 ------------------------------------------------------------------------------------------------------------


@undoable
def test_an_undo_brings_everything_back_and_both_entries_stay(walk: Walk, row: Row) -> None:
    row.at(walk)
    before, entries = picture(walk), walk.case.entries
    taken(row, walk)
    assert picture(walk) != before
    operations.undo(case_id=walk.id, by=walk.town.again(min(row.may)), now=walk.now + timedelta(seconds=8))
    assert picture(walk) == before
    acts = list(Entry.objects.filter(case_id=walk.id, seq__gt=entries).order_by("seq"))
    assert [entry.act for entry in acts] == [row.act, "undo"]
    assert acts[1].data["undoes"] == acts[0].seq
    assert in_order(walk)


@undoable
def test_what_was_taken_back_can_be_done_again(walk: Walk, row: Row) -> None:
    row.at(walk)
    taken(row, walk)
    operations.undo(case_id=walk.id, by=walk.town.again(min(row.may)), now=walk.now)
    taken(row, walk)
    assert walk.case.step == row.step
    assert in_order(walk)


@undoable
def test_an_undo_comes_within_eight_seconds_from_the_same_member(walk: Walk, row: Row) -> None:
    row.at(walk)
    taken(row, walk)
    entries = walk.case.entries
    with pytest.raises(Refused, match="已超过 8 秒"):
        operations.undo(
            case_id=walk.id, by=walk.town.again(min(row.may)), now=walk.now + timedelta(seconds=9)
        )
    for name in EVERYBODY - {min(row.may)}:
        with pytest.raises(Conflict, match="已有他人办理"):
            operations.undo(case_id=walk.id, by=walk.town.again(name), now=walk.now)
    assert walk.case.entries == entries


@pytest.mark.parametrize("row", [row for row in TABLE if not row.undo], ids=lambda row: row.name)
def test_other_acts_are_not_taken_back(walk: Walk, row: Row) -> None:
    row.at(walk)
    taken(row, walk)
    with pytest.raises(Refused, match="这一步不能撤回"):
        operations.undo(case_id=walk.id, by=walk.town.again(min(row.may)), now=walk.now)


def test_a_dispatch_is_taken_back_with_the_category_it_had_written(walk: Walk) -> None:
    leaf = Category.objects.filter(town=walk.town.row, parent__isnull=False).earliest("code")
    reported(walk)
    before = picture(walk)
    walk.dispatch("roads", ("power",), category=leaf.pk, urgency=2)
    assert (walk.case.event.category, walk.case.urgency) == (leaf, 2)
    operations.undo(case_id=walk.id, by=walk.town.again("dispatcher"), now=walk.now)
    assert picture(walk) == before
    assert (walk.case.event.category, walk.case.urgency, walk.case.unit) == (None, 0, None)


def test_after_signing_nothing_is_taken_back(walk: Walk) -> None:
    reported(walk)
    walk.dispatch("roads")
    operations.acknowledge(
        case_id=walk.id, task_id=walk.task("roads").pk, by=walk.town.again("roads"), now=walk.now
    )
    with pytest.raises(Conflict, match=r"不能撤回：roads .* 签收"):
        operations.undo(case_id=walk.id, by=walk.town.again("dispatcher"), now=walk.now)


def test_an_undone_dispatch_tells_nobody(walk: Walk) -> None:
    walk.town.unit["roads"].notify_url = "json://127.0.0.1:1"
    walk.town.unit["roads"].save()
    walk.town.row.version += 1
    walk.town.row.save()
    reported(walk)
    walk.dispatch("roads")
    operations.undo(case_id=walk.id, by=walk.town.again("dispatcher"), now=walk.now)
    assert Outgoing.objects.get().cancelled_at == walk.now


def test_an_undone_merge_is_told_in_both_records(walk: Walk) -> None:
    row = next(row for row in TABLE if row.act == "merge")
    row.at(walk)
    taken(row, walk)
    operations.undo(case_id=walk.id, by=walk.town.again(min(row.may)), now=walk.now)
    acts = Entry.objects.filter(case_id=walk.other).order_by("seq").values_list("act", flat=True)
    assert list(acts)[-2:] == ["merged", "unmerged"]
    assert verify().faults == ()


def test_a_suspended_case_that_was_merged_by_mistake_is_suspended_again(walk: Walk) -> None:
    first = Walk(walk.town)
    reported(first)
    standing(walk)
    before = picture(walk)
    walk.do("merge", "dispatcher", into_id=first.id)
    operations.undo(case_id=walk.id, by=walk.town.again("dispatcher"), now=walk.now)
    assert picture(walk) == before
    assert walk.case.suspended


# -- 延期 挂起 审批 --------------------------------------------------------------------------------------------------


def test_more_time_than_the_rule_allows_is_unlawful_and_nothing_is_written(walk: Walk) -> None:
    dispatched(walk)
    entries = walk.case.entries
    with pytest.raises(Unlawful, match="“签收”最多可延长 0，已延长 0") as refused:
        walk.do("extend", "dispatcher", clock="sign", amount=1, text="来不及")
    assert refused.value.law == "town"
    assert walk.case.entries == entries


@pytest.mark.parametrize(("clock", "amount", "says"), [("handle", 0, "大于零"), ("gone", 1, "已经结束")])
def test_an_extension_that_means_nothing_is_refused(walk: Walk, clock: str, amount: int, says: str) -> None:
    dispatched(walk)
    with pytest.raises(Refused, match=says):
        walk.do("extend", "dispatcher", clock=clock, amount=amount, text="等配件")


def test_an_extension_takes_effect_with_the_approval_and_not_before(walk: Walk) -> None:
    dispatched(walk)
    due = ClockRun.objects.get(case_id=walk.id, key="handle").due_at
    walk.do("extend", "roads", clock="handle", amount=1, text="等配件")
    assert ClockRun.objects.get(case_id=walk.id, key="handle").due_at == due
    walk.do("approve", "dispatcher", task_id=walk.task(kind="approval").pk, agrees=True)
    assert ClockRun.objects.get(case_id=walk.id, key="handle").due_at == due + timedelta(days=1)


def test_a_refused_proposal_changes_nothing(walk: Walk) -> None:
    dispatched(walk)
    before = picture(walk)
    walk.do("suspend", "roads", text="等雨停")
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=False, text="先去看看")
    after = picture(walk)
    approval = after["tasks"].pop()
    assert (approval["role"], approval["answer"]) == ("leader", "refused")
    assert after == before
    assert walk.case.record.latest("seq").act == "refuse:suspend"
    walk.do("suspend", "roads", text="真的要等")


def test_nobody_approves_his_own_proposal(walk: Walk) -> None:
    both = walk.town.member["roads"]
    dispatched(walk)
    walk.do("suspend", "roads", text="等雨停")
    both.roles.append("leader")
    both.save()
    with pytest.raises(Refused, match="提请人不能审批自己提请的事项"):
        walk.do("approve", "roads", task_id=walk.task(kind="approval").pk, agrees=True)
    assert not walk.case.suspended


def test_a_suspended_case_is_not_acted_on_until_it_is_resumed(walk: Walk) -> None:
    standing(walk)
    assert walk.case.due_at == NEVER
    with pytest.raises(Refused, match="已挂起"):
        walk.feedback("roads")
    with pytest.raises(Conflict, match="已经挂起"):
        walk.do("suspend", "roads", text="再挂")
    walk.later(days=3)
    walk.do("resume", "roads")
    assert walk.case.due_at < NEVER
    with pytest.raises(Conflict, match="没有挂起"):
        walk.do("resume", "roads")
    walk.feedback("roads")


def test_the_days_of_a_suspension_are_left_out(walk: Walk) -> None:
    dispatched(walk)
    due = ClockRun.objects.get(case_id=walk.id, key="handle").due_at
    walk.later(days=1)
    walk.do("suspend", "roads", text="等雨停")
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    walk.later(days=1)
    walk.do("resume", "roads")
    later = ClockRun.objects.get(case_id=walk.id, key="handle").due_at
    assert later > due
    assert in_order(walk)


# -- what is left of the others --------------------------------------------------------------------------------------


def test_a_report_is_not_withdrawn_once_somebody_has_signed(walk: Walk) -> None:
    dispatched(walk)
    walk.sign("power")
    with pytest.raises(Refused, match="已经签收，不能撤回"):
        walk.do("withdraw", "grid_worker", text="不用了")


def test_a_report_is_withdrawn_by_the_reporter_from_the_portal(walk: Walk) -> None:
    walk.report(None, source="resident")
    walk.do("withdraw", None, text="不用了", town_id=walk.town.row.pk)
    assert (walk.case.outcome, walk.case.record.latest("seq").by) == ("withdrawn", None)


@pytest.mark.parametrize("satisfied", [1, 2])
def test_who_is_not_satisfied_begins_a_new_round(walk: Walk, satisfied: int) -> None:
    row = next(row for row in TABLE if row.act == "rate")
    row.at(walk)
    arguments = {"town_id": walk.town.row.pk, "satisfied": satisfied, "solved": True}
    walk.do("rate", None, **arguments)
    assert (walk.case.round, walk.case.step) == (2, "handle")
    with pytest.raises(Refused, match="办结后才能评价"):
        walk.do("rate", None, **arguments)
    assert in_order(walk)


def test_a_round_is_rated_once(walk: Walk) -> None:
    row = next(row for row in TABLE if row.act == "rate")
    row.at(walk)
    taken(row, walk)
    with pytest.raises(Conflict, match="这一轮已经评价过"):
        taken(row, walk)


CLOSING = [
    row for row in TABLE if row.step and row.act not in ("note", "correct", "reopen", "approve:suspend")
]


@pytest.mark.parametrize("row", CLOSING, ids=lambda row: row.name)
def test_a_closed_case_takes_no_such_act(walk: Walk, row: Row) -> None:
    row.at(walk)
    given = row.call.given(walk)
    target = Walk(walk.town)
    reported(target)
    walk.do("merge", "dispatcher", into_id=target.id)
    with pytest.raises(Conflict, match="已经办结"):
        walk.do(row.call.operation, min(row.may), **given)
