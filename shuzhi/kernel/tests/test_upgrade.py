"""An upgrade that takes a step away: open cases are carried to the one that took its place, or nothing starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import Action, Ask, CaseType, Clock, End, Step
from shuzhi.kernel.errors import NotAllowed
from shuzhi.kernel.models import Case, ClockRun, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.upgrading import carry_moved, vanished
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.errand import CENTRE, HANDLER, ROLES, Walk, asked, errand
from shuzhi.kernel.tests.together import together

KEEPER = "keeper"


def renamed(**more: Any) -> CaseType:
    """The errand of the next release: 办理 is now called treat, with the clocks that listened to it."""
    treat = replace(errand.step("do"), key="treat", name="承办", **more)
    to_treat = {"send": "treat", "redo": "treat"}
    steps = tuple(
        treat
        if step.key == "do"
        else replace(
            step, actions=tuple(replace(one, to=to_treat.get(one.key, one.to)) for one in step.actions)
        )
        for step in errand.steps
    )
    clocks = tuple(
        replace(clock, starts=tuple(what.replace("step:do", "step:treat") for what in clock.starts))
        for clock in errand.clocks
    )
    return replace(errand, steps=steps, clocks=clocks, reopens="treat", moved={"do": "treat"})


@contextmanager
def released(*types: CaseType) -> Iterator[None]:
    """The next release runs: these case types, and no longer those declared so far."""
    before, _registry.beside[:] = list(_registry.beside), []
    try:
        with declared(*types, roles={**ROLES, KEEPER: "保管员"}, town_wide=(CENTRE, KEEPER)):
            yield
    finally:
        _registry.beside[:] = before
        _registry.forget()


def upgrade(walk: Walk) -> int:
    return carry_moved(now=walk.later(hours=1))


@pytest.fixture
def sent(walk: Walk) -> Walk:
    """Sent to two units; the lead has signed."""
    walk.open()
    walk.send("roads", "power")
    walk.do("acknowledge", "roads", task_id=walk.task("roads").pk)
    return walk


def test_an_open_case_is_carried_over_and_its_record_says_so(sent: Walk) -> None:
    with released(renamed()):
        assert upgrade(sent) == 1
        assert sent.case.step == "treat"
        entry = sent.case.record.latest("seq")
        assert (entry.act, entry.by, entry.data["from"], entry.data["to"]) == ("moved", None, "do", "treat")
        assert sent.sound()


def test_whoever_held_a_task_holds_it_on_as_it_was(sent: Walk) -> None:
    before = {task.pk: task.acked_at for task in Task.objects.filter(case_id=sent.id, done_at=None)}
    with released(renamed()):
        upgrade(sent)
        after = Task.objects.filter(case_id=sent.id, done_at=None)
        assert {task.pk: task.acked_at for task in after} == before
        assert {task.step for task in after} == {"treat"}
        sent.act("power", "report")
        sent.act("roads", "report")
        assert sent.case.step == "check"
        assert sent.sound()


def test_the_tasks_are_open_for_the_role_of_the_new_step(sent: Walk) -> None:
    sent.town.add_member("keeper", "roads", [KEEPER])
    with released(renamed(role=KEEPER)):
        upgrade(sent)
        assert {task.role for task in Task.objects.filter(case_id=sent.id, done_at=None)} == {KEEPER}
        with pytest.raises(NotAllowed):
            sent.act("roads", "report")
        sent.act("keeper", "report")


def test_what_was_answered_is_not_asked_again(sent: Walk) -> None:
    sent.act("roads", "report")
    with released(renamed()):
        upgrade(sent)
        assert [
            task.unit and task.unit.code for task in Task.objects.filter(case_id=sent.id, done_at=None)
        ] == ["power"]
        sent.act("power", "report")
        assert sent.case.step == "check"


def test_clocks_go_on_from_their_old_beginnings(sent: Walk) -> None:
    def running() -> dict[str, Any]:
        return {
            f"{run.key} {run.task_id}": (run.started_at, run.due_at)
            for run in ClockRun.objects.filter(case_id=sent.id, met_at=None)
        }

    before, due_at = running(), sent.case.due_at
    assert {key.split()[0] for key in before} == {"sign", "do", "law"}
    with released(renamed()):
        upgrade(sent)
        assert running() == before
        assert sent.case.due_at == due_at


def test_a_clock_that_is_no_more_stops_and_a_new_one_begins(sent: Walk) -> None:
    was = renamed()
    kept = tuple(clock for clock in was.clocks if clock.key != "do")
    fresh = Clock("fresh", "承办", 3, starts=("step:treat",), ends=("step:check", "end"))
    own = Clock("own", "各自", 2, starts=("step:treat",), per="task")
    with released(replace(was, clocks=(*kept, fresh, own))):
        upgrade(sent)
        assert sent.run("do").void
        assert sent.run("fresh").started_at == sent.now
        assert ClockRun.objects.filter(case_id=sent.id, key="own", met_at=None).count() == 2


def test_units_that_are_no_longer_asked_are_let_go_and_others_are_asked(sent: Walk) -> None:
    def team(case: Any) -> list[Ask]:
        return [Ask(unit=case.town.codes["enforcement"], lead=True)]

    with released(renamed(asks=team)):
        upgrade(sent)
        assert [
            task.unit and task.unit.code for task in Task.objects.filter(case_id=sent.id, done_at=None)
        ] == ["enforcement"]
        sent.act("team", "report")
        assert sent.sound()


def test_a_step_of_one_role_takes_the_place_of_one_that_asked_units(sent: Walk) -> None:
    with released(renamed(role=CENTRE, asks=None, join="all")):
        upgrade(sent)
        assert sent.task().role == CENTRE
        sent.act("dispatcher", "report")
        assert sent.case.step == "check"
        assert sent.sound()


def test_where_everybody_had_answered_the_case_goes_on(sent: Walk) -> None:
    sent.act("roads", "report")
    with released(renamed(asks=lambda case: asked(case)[:1])):
        upgrade(sent)
        assert sent.case.step == "check"
        assert sent.sound()


def with_approval(declared_: CaseType) -> CaseType:
    """办理 may be given up with the leader's consent."""
    stop = Action("stop", "停办", to="check", approve=("leader",))
    keys = ("do", "treat")
    return replace(
        declared_,
        steps=tuple(
            replace(step, actions=(*step.actions, stop)) if step.key in keys else step
            for step in declared_.steps
        ),
    )


@pytest.mark.parametrize(("still", "waiting"), [(True, ["stop"]), (False, [])])
def test_a_proposal_waits_on_if_the_new_step_knows_the_act(
    sent: Walk, still: bool, waiting: list[str]
) -> None:
    with released(with_approval(errand)):
        sent.act("roads", "stop")
    with released(with_approval(renamed()) if still else renamed()):
        upgrade(sent)
        approvals = Task.objects.filter(case_id=sent.id, kind="approval", done_at=None)
        assert [task.act for task in approvals] == waiting
        if still:
            sent.do("approve", "leader", task_id=approvals.get().pk, agrees=True)
            assert sent.case.step == "check"
        assert sent.sound()


def test_a_suspended_case_is_carried_over_and_resumes(sent: Walk) -> None:
    sent.do("suspend", "roads", text="等材料")
    sent.do("approve", "leader", task_id=sent.task(kind="approval").pk, agrees=True)
    with released(renamed()):
        upgrade(sent)
        assert sent.case.suspended
        sent.do("resume", "roads")
        assert sent.sound()


def test_a_return_finds_the_new_step_whatever_the_case_remembers(sent: Walk) -> None:
    sent.act("power", "report")
    sent.act("roads", "report")
    assert (sent.case.step, sent.case.came_from) == ("check", "do")
    with released(renamed()):
        assert upgrade(sent) == 0, "it does not stand in the step that is no more"
        sent.do("send_back", "dispatcher", task_id=sent.task().pk, text="没办好")
        assert sent.case.step == "treat"
        assert sent.sound()


def test_a_closed_case_is_left_alone_and_may_be_reopened(sent: Walk) -> None:
    for by in ("power", "roads"):
        sent.act(by, "report")
    sent.act("dispatcher", "close")
    entries = sent.case.entries
    with released(renamed()):
        assert upgrade(sent) == 0
        assert sent.case.entries == entries
        sent.do("reopen", "dispatcher", text="又坏了")
        assert sent.case.step == "treat"
        assert sent.sound()


def test_carrying_again_finds_nothing_to_do(sent: Walk) -> None:
    with released(renamed()):
        assert [upgrade(sent), upgrade(sent)] == [1, 0]
        assert sent.acts().count("moved") == 1


def test_parents_and_children_are_carried_over_together(town: TestTown) -> None:
    def plan(wait: str, judge: str, **moved: str) -> tuple[CaseType, CaseType]:
        child = CaseType(
            "tested.child",
            "评估",
            steps=(Step(judge, "评估", HANDLER, (Action("say", "出结论", to=End("fine")),)),),
            outcomes={"fine": "可行"},
            child=True,
            moved={"judge": judge} if moved else {},
        )
        parent = CaseType(
            "tested.parent",
            "决策",
            control=CENTRE,
            outcomes={"done": "办成"},
            steps=(
                Step(
                    wait,
                    "等",
                    asks=lambda case: [Ask(child="tested.child")],
                    then=lambda case: End("done"),
                ),
            ),
            moved={"wait": wait} if moved else {},
        )
        return parent, child

    walk = Walk(town, "tested.parent")
    with released(*plan("wait", "judge")):
        walk.open()
    with released(*plan("await", "weigh", now="yes")):
        assert upgrade(walk) == 2
        below = walk.child("tested.child")
        assert (walk.case.step, below.case.step) == ("await", "weigh")
        below.act("roads", "say")
        assert walk.case.outcome == "done"
        assert verify().faults == ()


# -- a step that is gone without a word ------------------------------------------------------------------------------


def gone() -> CaseType:
    return replace(renamed(), moved={})


def test_a_vanished_step_with_open_cases_refuses_to_start_and_says_what_to_declare(sent: Walk) -> None:
    with released(gone()):
        assert vanished() == [("tested.errand", "do", 1)]
        with pytest.raises(CommandError) as refused:
            call_command("migrate", verbosity=0)
    says = str(refused.value)
    assert "tested.errand：步骤 do 没有了，还有 1 件在办" in says
    assert '在 CaseType.moved 写 {"do": "现有的步骤"}' in says
    assert "shuzhi.E040" in says


def test_a_vanished_step_without_open_cases_starts(sent: Walk) -> None:
    for by in ("power", "roads"):
        sent.act(by, "report")
    with released(gone()):
        assert vanished() == []
        call_command("migrate", verbosity=0)


def test_migrate_carries_the_cases_over(sent: Walk) -> None:
    with released(renamed()):
        call_command("migrate", verbosity=0)
        assert sent.case.step == "treat"
        assert sent.sound()


def test_a_wrong_manifest_refuses_to_migrate_at_all(sent: Walk) -> None:
    with (
        released(replace(renamed(), moved={"do": "nowhere"})),
        pytest.raises(CommandError, match=r"移到没有的步骤 nowhere.*E037"),
    ):
        call_command("migrate", verbosity=0)
    assert sent.case.step == "do"


@pytest.mark.django_db(transaction=True)
def test_a_case_that_is_being_acted_upon_is_carried_when_that_is_over(sent: Walk) -> None:
    locked, done = Event(), Event()

    def act() -> str:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=sent.id)
            locked.set()
            done.wait(0.5)
        return "acted"

    def carry() -> int:
        locked.wait(5)
        return carry_moved(now=sent.now + timedelta(minutes=1))

    with released(renamed()):
        assert together(act, carry, carry)[0] == "acted"
        assert sent.acts().count("moved") == 1
        assert sent.sound()
