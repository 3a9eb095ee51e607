"""Everything the app declares happens: each act is taken with its own form, each guard refuses once, each clock runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shuzhi.apps.events.manifest import event
from shuzhi.apps.events.models import Category
from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel import operations
from shuzhi.kernel.declare import Action, End
from shuzhi.kernel.errors import Unlawful
from shuzhi.kernel.models import ClockRun, Ending, Entry
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.offered import offered, state_of
from shuzhi.kernel.queries.apps import action_of, file_of, named
from shuzhi.kernel.queries.casefile import replay, tasks_of
from shuzhi.kernel.queries.town import town_by_id
from shuzhi.kernel.testing import TestTown

DECLARED: dict[str, Action] = {
    action.key: action
    for action in (*event.acts, *(action for step in event.steps for action in step.actions))
}


class Formed(Walk):
    """A walk that takes each act as a page does: it is offered, its form is filled in, and what it cleans is sent."""

    def take(self, by: str, key: str, **posted: Any) -> None:
        action, member = action_of(event, key), self.town.again(by)
        assert action is not None
        place, case = town_by_id(self.town.row.pk), self.case
        state = state_of(place, case, member, now=self.later(), tasks=tasks_of(case), file=file_of(case))
        assert key in {offer.key for offer in offered(state)}
        form = named(event, action.form)({"text": "情况属实", **posted}, town=place, state=state)
        assert form.is_valid(), form.errors
        operations.act(
            case_id=self.id,
            action=key,
            by=member,
            now=self.now,
            data=form.data_for_act(),
            text=form.cleaned_data["text"],
        )


def walks(town: TestTown) -> Iterator[Formed]:
    """Ways through the procedure that together take every act and come to every end."""
    leaf = Category.objects.filter(town=town.row, parent__isnull=False, self_handle=True).earliest("code")
    roads, team = town.unit["roads"].pk, town.unit["enforcement"].pk
    sent = {"category": leaf.pk, "lead": roads, "support": [team], "urgency": 1}

    walk = Formed(town)
    walk.report("grid_worker", source="grid_worker")
    with pytest.raises(Unlawful, match="要由指挥中心派单"):
        walk.take("grid_leader", "self_handle")
    yield walk

    walk = Formed(town)
    walk.report("grid_worker", source="grid_worker", category=leaf.pk, self_handled=True)
    walk.take("grid_leader", "self_handle")
    yield walk

    walk = Formed(town)
    walk.report("grid_worker", source="grid_worker")
    walk.take("grid_leader", "to_team", lead=team)
    walk.take("team", "feedback", result="solved")
    walk.take("dispatcher", "close")
    yield walk

    walk = Formed(town)
    walk.report("grid_worker", source="grid_worker")
    walk.take("grid_leader", "escalate")
    walk.take("dispatcher", "dispatch", **sent)
    walk.sign("roads")
    for by in ("team", "roads"):
        walk.take(by, "feedback", result="unsolved")
    walk.take("dispatcher", "redo")
    for by in ("team", "roads"):
        walk.take(by, "feedback", result="unsolved")
    walk.take("dispatcher", "redispatch")
    walk.take("dispatcher", "dispatch", **sent)
    for by in ("team", "roads"):
        walk.take(by, "feedback", result="unsolved")
    walk.take("dispatcher", "give_up")
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    yield walk

    walk = Formed(town)
    walk.report(source="upstream", reply_due_at=walk.later(days=3), outside_number="SJ-1")
    walk.take("dispatcher", "reply")
    yield walk

    walk = Formed(town)
    walk.report()
    walk.take("dispatcher", "decline", elsewhere="县供水公司")
    walk.take("dispatcher", "call", reached="no_answer")
    yield walk


def test_every_declared_act_end_guard_and_clock_is_walked(town: TestTown) -> None:
    for walk in walks(town):
        case = walk.case
        assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)
    acts = {act.removeprefix("approve:") for act in Entry.objects.values_list("act", flat=True)}
    assert DECLARED.keys() - acts == set()
    ends = {action.to.outcome for action in DECLARED.values() if isinstance(action.to, End)}
    assert ends == set(Ending.objects.values_list("outcome", flat=True)) == set(event.outcomes)
    assert {clock.key for clock in event.clocks} == set(ClockRun.objects.values_list("key", flat=True))
    met = ClockRun.objects.filter(met_at__isnull=False, void=False)
    assert {clock.key for clock in event.clocks} == set(met.values_list("key", flat=True))
    assert {step.key for step in event.steps} == {
        entry.data["to"] for entry in Entry.objects.all() if entry.data.get("to")
    }
    guards = [guard for action in DECLARED.values() for guard in action.needs]
    assert len(guards) == 1, "another guard: let it refuse once in `walks`"
    assert verify().faults == ()
