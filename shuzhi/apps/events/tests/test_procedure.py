"""An event from report to rating, and every way beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel import operations
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Access, ClockRun, Ending, Entry, Rating, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.testing import TestTown


def test_six_steps_from_report_to_rating(walk: Walk) -> None:
    walk.report()
    assert walk.case.step == "dispatch"
    assert walk.case.number == "SJ20230301-0001"
    walk.dispatch("roads", ("power",))
    assert walk.case.step == "handle"
    walk.sign("roads")
    walk.sign("power")
    walk.feedback("power")
    assert walk.case.step == "handle", "the lead has not answered yet"
    walk.feedback("roads")
    assert walk.case.step == "verify"
    walk.close()
    assert walk.case.outcome == "resolved"
    operations.rate(
        case_id=walk.id, town_id=walk.town.row.pk, by=None, now=walk.later(), satisfied=5, solved=True
    )
    assert Rating.objects.get().satisfied == 5
    case = walk.case
    assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)
    assert verify().faults == ()


def test_the_record_replays_to_the_present_step_at_each_act(walk: Walk) -> None:
    walk.report()
    for act in (lambda: walk.dispatch("roads"), lambda: walk.feedback("roads"), walk.close):
        act()
        case = walk.case
        assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)


def test_a_grid_workers_report_goes_to_the_grid_leader(walk: Walk) -> None:
    walk.report("grid_worker", source="grid_worker")
    assert walk.case.step == "assess"
    walk.act("grid_leader", "escalate", "请指挥中心派单")
    assert walk.case.step == "dispatch"


def test_a_grid_leader_closes_what_may_be_handled_on_the_spot(walk: Walk, lamp: object) -> None:
    from shuzhi.apps.events.models import Category

    leaf = Category.objects.filter(town=walk.town.row, self_handle=True).first()
    assert leaf is not None
    walk.report("grid_worker", source="grid_worker", category=leaf.pk, self_handled=True)
    walk.act("grid_leader", "self_handle", "已当场清理")
    assert walk.case.outcome == "resolved"


def test_a_grid_leader_may_not_close_what_the_category_does_not_allow(walk: Walk) -> None:
    walk.report("grid_worker", source="grid_worker")
    with pytest.raises(Refused, match="要由指挥中心派单"):
        walk.act("grid_leader", "self_handle", "已清理")


def test_a_grid_leader_sends_to_the_enforcement_team(walk: Walk) -> None:
    walk.report("grid_worker", source="grid_worker")
    walk.act("grid_leader", "to_team", "占道", lead=walk.town.unit["enforcement"].pk)
    assert walk.case.step == "handle"
    assert walk.case.unit == walk.town.unit["enforcement"]


def test_declined_says_where_to_go_instead(walk: Walk) -> None:
    walk.report()
    walk.act("dispatcher", "decline", "劳动争议", elsewhere="县劳动人事争议仲裁院")
    assert walk.case.outcome == "declined"
    assert walk.case.event.elsewhere == "县劳动人事争议仲裁院"


def test_a_returned_lead_brings_the_case_back_to_dispatch_and_loses_sight(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    walk.do("send_back", "roads", task_id=walk.task("roads").pk, text="不属本站")
    assert walk.case.step == "dispatch"
    assert not Access.objects.filter(case_id=walk.id, unit=walk.town.unit["roads"], until=None).exists()
    walk.dispatch("power")
    assert walk.case.unit == walk.town.unit["power"]


def test_a_returned_support_unit_asks_the_command_centre_and_the_lead_goes_on(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads", ("power", "enforcement"))
    walk.do("send_back", "power", task_id=walk.task("power").pk, text="不属本所")
    assert walk.case.step == "handle"
    assert walk.task(kind="side").role == "dispatcher"
    walk.feedback("roads")
    walk.feedback("team")
    assert walk.case.step == "verify"


def test_rerouted_twelve_times(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    for turn in range(12):
        here, there = ("roads", "power") if turn % 2 == 0 else ("power", "roads")
        walk.do(
            "transfer", here, task_id=walk.task(here).pk, unit_id=walk.town.unit[there].pk, text="不属本单位"
        )
    assert walk.task("roads").lead
    assert walk.case.unit == walk.town.unit["roads"]
    walk.feedback("roads")
    assert walk.case.step == "verify"


def test_not_satisfied_begins_a_new_round_with_the_same_units(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads", ("power",))
    walk.feedback("roads")
    walk.feedback("power")
    walk.close()
    operations.rate(
        case_id=walk.id,
        town_id=walk.town.row.pk,
        by=None,
        now=walk.later(),
        satisfied=1,
        solved=False,
        text="还是不亮",
    )
    assert (walk.case.round, walk.case.step, walk.case.closed_at) == (2, "handle", None)
    assert walk.task("roads").lead
    assert walk.task("power")
    walk.feedback("roads")
    walk.feedback("power")
    walk.close()
    assert list(Ending.objects.filter(case_id=walk.id).order_by("round").values_list("round", "outcome")) == [
        (1, "resolved"),
        (2, "resolved"),
    ]


def test_a_wrong_closing_is_set_aside_and_its_clocks_go_on(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    before = ClockRun.objects.get(case_id=walk.id, key="handle")
    walk.feedback("roads")
    walk.close()
    walk.do("reopen", "dispatcher", text="结错了", wrong_closing=True)
    assert Ending.objects.get(case_id=walk.id).set_aside
    again = ClockRun.objects.filter(case_id=walk.id, key="handle", met_at=None).get()
    assert again.started_at == before.started_at


def test_closed_unresolved_needs_the_leader(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    walk.feedback("roads", "unsolved")
    walk.act("dispatcher", "give_up", "权属不清")
    assert walk.case.step == "verify"
    approval = walk.task(kind="approval")
    walk.do("approve", "leader", task_id=approval.pk, agrees=True)
    assert walk.case.outcome == "unresolved"


def test_two_people_on_one_task_the_second_is_told_who_was_first(walk: Walk) -> None:
    walk.report()
    seen = walk.case.entries
    walk.dispatch("roads")
    with pytest.raises(Conflict, match="dispatcher 09:15 派单") as caught:
        operations.act(
            case_id=walk.id,
            action="dispatch",
            by=walk.town.again("dispatcher2"),
            now=walk.later(),
            seen=seen,
            data={"lead": walk.town.unit["power"].pk},
        )
    assert caught.value.state["by"] == "dispatcher"


def test_the_wrong_role_is_refused(walk: Walk) -> None:
    walk.report()
    with pytest.raises(NotAllowed):
        walk.act("roads", "dispatch", lead=walk.town.unit["roads"].pk)


def test_an_outside_number_is_taken_once(walk: Walk) -> None:
    walk.report(outside_number="GD-1")
    with pytest.raises(Refused, match="已经登记过"):
        walk.report(outside_number="GD-1")


def test_a_verified_event_may_be_dispatched_anew(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    walk.feedback("roads", "unsolved")
    walk.act("dispatcher", "redispatch", "应由供电所办")
    walk.dispatch("power")
    assert walk.case.unit == walk.town.unit["power"]


def test_a_lead_that_gives_it_back_has_not_met_the_target(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads")
    walk.do("send_back", "roads", task_id=walk.task("roads").pk, text="不属本站")
    assert ClockRun.objects.get(case_id=walk.id, key="handle").void


def test_what_a_platform_above_waits_for_is_not_held_by_a_suspension(walk: Walk) -> None:
    due = walk.now + timedelta(days=3)
    walk.report(source="upstream", outside_number="GD-2", reply_due_at=due)
    walk.dispatch("roads")
    walk.do("suspend", "dispatcher", text="等候配件")
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    assert walk.case.suspended
    assert ClockRun.objects.get(case_id=walk.id, key="upstream").due_at == due
    assert ClockRun.objects.get(case_id=walk.id, key="handle").due_at == NEVER


def test_the_same_key_gives_the_first_answer(walk: Walk, town: TestTown) -> None:
    walk.report()
    arguments = {
        "case_id": walk.id,
        "action": "dispatch",
        "by": town.again("dispatcher"),
        "now": walk.later(),
        "data": {"lead": town.unit["roads"].pk},
        "key": "k1",
    }
    first = operations.act(**arguments)  # type: ignore[arg-type]
    again = operations.act(**arguments)  # type: ignore[arg-type]
    assert (again.seq, again.again) == (first.seq, True)
    assert Task.objects.filter(case_id=walk.id, unit=town.unit["roads"]).count() == 1
