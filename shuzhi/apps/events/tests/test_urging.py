"""The system reminds of what is overdue, once, and does nothing else."""

from __future__ import annotations

from datetime import timedelta

from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel.models import Entry, Task, Unit
from shuzhi.kernel.operations.urging import urge_overdue


def _real(walk: Walk) -> None:
    Unit.objects.filter(pk=walk.town.row.pk).update(demo=False)


def test_an_overdue_task_is_urged_once(walk: Walk) -> None:
    _real(walk)
    walk.report()
    late = Task.objects.get(case_id=walk.id).due_at + timedelta(minutes=1)
    assert urge_overdue(now=late - timedelta(minutes=2)) == 0
    assert urge_overdue(now=late) == 1
    assert urge_overdue(now=late + timedelta(hours=1)) == 0
    entry = Entry.objects.get(case_id=walk.id, act="urge")
    assert entry.by is None
    assert walk.case.step == "dispatch"
    assert not walk.case.supervised, "督办 is a leader's act"


def test_a_demonstration_town_is_left_alone(walk: Walk) -> None:
    walk.report()
    late = Task.objects.get(case_id=walk.id).due_at + timedelta(minutes=1)
    assert urge_overdue(now=late) == 0
