"""A case that asks another case: opened with it, told of its end, called off with the step that waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from shuzhi.kernel import operations
from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, End, Step
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Case, Link, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.writing import Done, once
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.errand import CENTRE, HANDLER, ROLES, Walk

RISK, FIRE = "tested.risk", "tested.fire"


def decided(case: Any) -> str | End:
    """Go on if the risk is acceptable; otherwise the matter is dropped."""
    return "decide" if case.child_outcome(RISK) == "fine" else End("refused")


def child_type(key: str, name: str, asks: Any = None) -> CaseType:
    """A case of one step, or one that asks a further child first."""
    close = Action("close", "出结论", to=End(field="how"))
    steps = [Step("judge", "评估", HANDLER, (close,))]
    if asks:
        steps.insert(0, Step("wait", "等候", asks=asks, then=lambda case: "judge"))
    return CaseType(
        key, name, tuple(steps), number=key[7].upper(), outcomes={"fine": "可行", "bad": "不可行"}, child=True
    )


plan = CaseType(
    "tested.plan",
    "决策",
    number="JC",
    control=CENTRE,
    outcomes={"passed": "通过", "refused": "否决"},
    acts=(
        Action("stop", "终止", to=End("refused"), role=CENTRE),
        Action("ask_fire", "另请消防评估", to=STAY, role=CENTRE, asks=(Ask(child=FIRE),)),
    ),
    steps=(
        Step("draft", "拟稿", CENTRE, (Action("assess", "提请评估", to="assess", undo=True),)),
        Step("assess", "评估", CENTRE, asks=lambda case: [Ask(child=RISK), Ask(child=FIRE)], then=decided),
        Step("decide", "决定", CENTRE, (Action("pass", "通过", to=End("passed")),)),
    ),
)


@pytest.fixture
def parent(town: TestTown) -> Iterator[Walk]:
    """A plan that waits for two assessments."""
    fire = child_type(FIRE, "消防评估")
    with declared(plan, child_type(RISK, "风险评估"), fire, roles=ROLES, town_wide=(CENTRE,)):
        walk = Walk(town, plan.key)
        walk.open()
        walk.act("dispatcher", "assess")
        yield walk


def test_children_are_opened_in_the_transaction_of_their_parent_and_linked(parent: Walk) -> None:
    children = Case.objects.filter(linked_from__case=parent.id, linked_from__kind=Link.Kind.CHILD)
    assert {child.type for child in children} == {RISK, FIRE}
    assert {child.step for child in children} == {"judge"}
    assert {child.title for child in children} == {parent.case.title}
    assert all(child.pk > parent.id for child in children), "locking by id locks parents first"
    assert verify().faults == ()


def test_nobody_holds_the_task_a_child_answers(parent: Walk) -> None:
    task = Task.objects.filter(case_id=parent.id, child__isnull=False).earliest("id")
    with pytest.raises(NotAllowed, match="不归您办理"):
        parent.do("acknowledge", "dispatcher", task_id=task.pk)


def test_a_parent_goes_on_when_its_last_child_has_ended_and_knows_how(parent: Walk) -> None:
    risk, fire = parent.child(RISK), parent.child(FIRE)
    risk.act("roads", "close", how="fine")
    assert parent.case.step == "assess"
    fire.now = risk.now
    fire.act("roads", "close", how="bad")
    assert parent.case.step == "decide"
    assert parent.acts()[-2:] == [f"child:{RISK}", f"child:{FIRE}"]
    assert parent.sound()


def test_a_parent_decides_by_the_outcome_of_the_child_that_ends_last(parent: Walk) -> None:
    fire, risk = parent.child(FIRE), parent.child(RISK)
    fire.act("roads", "close", how="fine")
    risk.now = fire.now
    risk.act("roads", "close", how="bad")
    assert parent.case.outcome == "refused"
    assert parent.sound()


def test_children_are_called_off_with_the_step_that_waits_for_them(parent: Walk) -> None:
    risk, fire = parent.child(RISK), parent.child(FIRE)
    risk.act("roads", "close", how="fine")
    parent.now = risk.now
    parent.act("dispatcher", "stop")
    assert (risk.case.outcome, fire.case.outcome) == ("fine", "cancelled")
    assert fire.acts() == ["open", "call_off"]
    assert fire.sound()
    assert parent.sound()
    assert not Task.objects.filter(done_at=None).exists()


def test_the_end_of_a_called_off_child_is_no_answer(parent: Walk) -> None:
    fire = parent.child(FIRE)
    parent.act("dispatcher", "stop")
    with pytest.raises(Conflict, match="已经办结"):
        fire.act("roads", "close", how="fine")
    assert parent.acts()[-1] == "stop"


def test_a_child_asked_beside_the_step_answers_without_moving_its_parent(parent: Walk) -> None:
    parent.act("dispatcher", "ask_fire")
    extra = parent.child(FIRE)
    extra.act("roads", "close", how="fine")
    assert parent.case.step == "assess"
    assert Task.objects.get(child_id=extra.id).answer == "fine"
    assert parent.acts()[-1] == f"child:{FIRE}"


def test_an_undo_calls_off_the_children_it_had_opened(parent: Walk) -> None:
    risk = parent.child(RISK)
    operations.undo(case_id=parent.id, by=parent.town.again("dispatcher"), now=parent.now)
    assert parent.case.step == "draft"
    assert risk.case.outcome == "cancelled"
    assert parent.sound()


def test_a_child_has_one_parent(parent: Walk) -> None:
    other = Walk(parent.town, plan.key)
    other.open()
    with pytest.raises(IntegrityError), transaction.atomic():
        Link.objects.create(
            kind=Link.Kind.CHILD, case_id=other.id, other_id=parent.child(RISK).id, at=parent.now
        )


def test_a_second_parent_for_a_child_is_refused_in_one_sentence(parent: Walk) -> None:
    """Whatever operation would write it: the database refuses, and the constraint says why."""
    other = Walk(parent.town, plan.key)
    other.open()
    risk = parent.child(RISK)

    def adopt() -> Done:
        Link.objects.create(kind=Link.Kind.CHILD, case_id=other.id, other_id=risk.id, at=parent.now)
        raise AssertionError("never reached")

    with pytest.raises(Refused, match="一件子案只能答复一件"):
        once(parent.town.row.pk, "", b"", adopt)
    risk.act("roads", "close", how="fine")
    assert Task.objects.get(child_id=risk.id).case_id == parent.id
    assert other.acts() == ["open"]


def test_of_two_who_close_a_child_one_is_told_it_is_closed(parent: Walk) -> None:
    """Its parent calls it off and its own people conclude it."""
    risk = parent.child(RISK)
    parent.act("dispatcher", "stop")
    with pytest.raises(Conflict, match=r"这件已经办结：dispatcher 09:30 撤销"):
        risk.act("roads", "close", how="fine")
    assert risk.acts() == ["open", "call_off"]


def test_a_type_that_is_no_child_cannot_be_asked_for(town: TestTown) -> None:
    lone = CaseType(
        "tested.lone",
        "独立",
        control=CENTRE,
        steps=(Step("wait", "等", asks=lambda case: [Ask(child="tested.errand")]),),
    )
    with declared(lone, roles=ROLES), pytest.raises(ValueError, match="child=True"):
        Walk(town, "tested.lone").open()


def test_grandchildren_are_told_upward_and_called_off_downward(town: TestTown) -> None:
    upper = child_type(RISK, "风险评估", asks=lambda case: [Ask(child="tested.deep")])
    deep = child_type("tested.deep", "专题评估")
    fire = child_type(FIRE, "消防评估")
    with declared(plan, upper, deep, fire, roles=ROLES):
        walk = Walk(town, plan.key)
        walk.open()
        walk.act("dispatcher", "assess")
        middle = walk.child(RISK)
        lowest = middle.child("tested.deep")
        lowest.act("roads", "close", how="fine")
        assert middle.case.step == "judge"
        middle.now = lowest.now
        middle.act("roads", "close", how="fine")
        assert walk.acts()[-1] == f"child:{RISK}"

        other = Walk(town, plan.key)
        other.open()
        other.act("dispatcher", "assess")
        below = other.child(RISK).child("tested.deep")
        other.act("dispatcher", "stop")
        assert below.case.outcome == "cancelled"
        assert verify().faults == ()


def test_an_undo_is_refused_once_a_child_was_called_off_by_the_act(town: TestTown) -> None:
    undoable = CaseType(
        "tested.undoable",
        "可撤",
        control=CENTRE,
        outcomes={"passed": "通过"},
        acts=(Action("skip", "免评估", to="decide", role=CENTRE),),
        steps=(
            Step("wait", "等", CENTRE, (), asks=lambda case: [Ask(child=FIRE), Ask(role=CENTRE)]),
            Step("decide", "决定", CENTRE, (Action("skip", "免评估", to="wait", undo=True),)),
        ),
    )
    with declared(undoable, child_type(FIRE, "消防评估"), roles=ROLES):
        walk = Walk(town, "tested.undoable")
        walk.open()
        walk.act("dispatcher", "skip")
        with pytest.raises(Refused, match="子案已经随之撤销"):
            operations.undo(case_id=walk.id, by=town.again("dispatcher"), now=walk.now)
