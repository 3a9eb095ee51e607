"""指令 1+N: one order to many units, each signs and answers; done when all have."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shuzhi.apps.events.manifest import order
from shuzhi.apps.events.models import Contact
from shuzhi.apps.events.queries import contacts
from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel import operations
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import ClockRun, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.offered import state_of
from shuzhi.kernel.operations.registers import propose
from shuzhi.kernel.queries.casefile import tasks_of
from shuzhi.kernel.queries.register_sheets import Change
from shuzhi.kernel.queries.town import town_by_id
from shuzhi.kernel.testing import TestTown

UNITS = ("roads", "power", "enforcement")


def issue(walk: Walk, by: str = "dispatcher", units: tuple[str, ...] = UNITS, urgency: int = 0) -> Walk:
    done = operations.open_case(
        type="events.order",
        town=walk.town.row,
        by=walk.town.again(by),
        opening=Opening(
            title="台风前排查",
            text="今天把广告牌和危房查一遍，报数。",
            file={
                "units": [walk.town.unit[code].pk for code in units],
                "due_at": walk.now + timedelta(hours=8),
                "issued_as": by,
            },
            urgency=urgency,
        ),
        now=walk.now,
    )
    walk.id = done.case_id
    return walk


def answer(walk: Walk, by: str) -> None:
    walk.act(by, "report", "已查完", result="done")


HANDLERS = {"roads": "roads", "power": "power", "enforcement": "team"}


def test_every_unit_is_asked_by_the_same_time_and_has_its_own_task(walk: Walk) -> None:
    issue(walk)
    tasks = Task.objects.filter(case_id=walk.id)
    assert {task.unit_id for task in tasks} == {walk.town.unit[code].pk for code in UNITS}
    due = walk.now + timedelta(hours=8)
    assert set(ClockRun.objects.filter(case_id=walk.id, key="answer").values_list("due_at", flat=True)) == {
        due
    }


def test_a_unit_signs_and_answers_at_its_own_pace_and_all_are_waited_for(walk: Walk) -> None:
    issue(walk)
    walk.sign("roads")
    answer(walk, "roads")
    answer(walk, "power")
    assert walk.case.step == "answer"
    answer(walk, "team")
    assert walk.case.step == "review"


def test_the_issuer_asks_some_again_and_closes_when_they_have_answered(walk: Walk) -> None:
    issue(walk)
    for by in HANDLERS.values():
        answer(walk, by)
    power = walk.town.unit["power"].pk
    walk.act("dispatcher", "again", "再报一次照片", again=[power], due_at=walk.now + timedelta(hours=4))
    assert [task.unit_id for task in Task.objects.filter(case_id=walk.id, done_at=None)] == [power]
    answer(walk, "power")
    walk.act("dispatcher", "finish")
    assert (walk.case.step, walk.case.outcome) == ("", "done")
    walk.do("reopen", "dispatcher", text="又刮风了")
    assert Task.objects.filter(case_id=walk.id, done_at=None).count() == 3
    assert verify().faults == ()


def test_an_order_of_a_leader_is_closed_by_a_leader(walk: Walk) -> None:
    issue(walk, by="leader", units=("roads",))
    answer(walk, "roads")
    with pytest.raises(NotAllowed):
        walk.act("dispatcher", "finish")
    walk.act("leader", "stop", "改由县里统一安排")
    assert walk.case.outcome == "stopped"


def test_the_more_urgent_the_sooner_it_is_to_be_signed(walk: Walk) -> None:
    issue(walk, units=("roads",), urgency=2)
    run = ClockRun.objects.get(case_id=walk.id, key="sign")
    assert run.due_at - run.started_at == timedelta(hours=1)


def test_a_contact_is_shown_from_the_day_it_holds(walk: Walk, town: TestTown) -> None:
    issue(walk)
    place, day = town_by_id(town.row.pk), walk.now.astimezone(SHANGHAI).date()

    def said() -> dict[int, str]:
        case = walk.case
        return contacts(state_of(place, case, town.again("dispatcher"), now=walk.now, tasks=tasks_of(case)))

    assert said() == {}
    values = {"unit": str(town.unit["roads"].pk), "name": "孙某甲", "phone": "13800002046", "duty": "抢险"}
    done = propose(
        town=town.row,
        register="events.contacts",
        changes=[Change(op="add", values=values)],
        on=day + timedelta(days=1),
        by=town.again("dispatcher"),
        now=walk.later(),
        text="新任联络员",
    )
    task = Task.objects.get(case_id=done.case_id, kind="approval", done_at=None)
    operations.approve(
        case_id=done.case_id, task_id=task.pk, agrees=True, by=town.again("leader"), now=walk.later()
    )
    assert Contact.objects.count() == 1
    assert said() == {}
    walk.later(days=1)
    assert said() == {town.unit["roads"].pk: "孙某甲 13800002046（抢险）"}


def test_an_order_to_no_unit_is_refused(walk: Walk) -> None:
    with pytest.raises(Refused):
        issue(walk, units=())


def test_an_order_is_drawn_on_a_bar_and_shown_as_a_board() -> None:
    assert order.board
    assert {step.shown for step in order.steps} <= {key for key, _ in order.shown}
