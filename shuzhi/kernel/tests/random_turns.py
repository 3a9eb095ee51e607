"""What both random walks share: the universal acts with what each is sent, and what must hold of a case afterwards."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.models import Access, Case, ClockRun, Ending, Entry, Pause, Task
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.testing import TestTown

UNITS = ("roads", "power", "enforcement")
UNIVERSAL = (
    "transfer",
    "send_back",
    "assist",
    "urge",
    "supervise",
    "extend",
    "suspend",
    "resume",
    "withdraw",
    "undo",
    "note",
    "correct",
    "acknowledge",
    "answer",
    "rate",
    "reopen",
)


def arguments(
    what: str, town: TestTown, *, task_id: int, unit_id: int, nth: int, clock: str
) -> dict[str, Any]:
    """What a universal act is sent beside the case, the member and the moment."""
    text = {"text": "理由"}
    sent: dict[str, dict[str, Any]] = {
        "transfer": {"task_id": task_id, "unit_id": unit_id, **text},
        "send_back": {"task_id": task_id, **text},
        "assist": {"unit_id": unit_id, **text},
        "extend": {"clock": clock, "amount": 1 + nth % 4, **text},
        "correct": {"field": "title", "value": f"第{nth}个题目", **text},
        "acknowledge": {"task_id": task_id},
        "approve": {"task_id": task_id, "agrees": True},
        "refuse": {"task_id": task_id, "agrees": False},
        "answer": {"task_id": task_id, **text},
        "rate": {"town_id": town.row.pk, "satisfied": 1 + nth % 5, "solved": nth % 2 == 0},
        "reopen": {**text, "wrong_closing": nth % 2 == 0},
        "undo": {},
        "urge": {},
        "resume": {},
    }
    return sent.get(what, text)


def operation_of(what: str) -> str:
    """The operation's name: to refuse is an answer to an approval."""
    return "approve" if what == "refuse" else what


def hold_together(case: Case) -> QuerySet[Task]:
    """Assert what holds of any case; its open tasks."""
    entries = list(Entry.objects.filter(case=case))
    assert replay(entries) == (case.step, case.round, case.outcome)
    running = ClockRun.objects.filter(case=case, met_at=None).exclude(sense="not_before")
    dues = [run.due_at for run in running]
    assert case.due_at == (NEVER if case.closed_at else min(dues, default=NEVER))
    assert not Pause.objects.filter(until=None, run__met_at__isnull=False).exists()
    assert Ending.objects.filter(case=case).count() == case.round - (case.closed_at is None)
    waiting = Task.objects.filter(case=case, done_at=None)
    for task in waiting.filter(unit__isnull=False):
        assert Access.objects.filter(case=case, unit=task.unit, until=None).exists()
    return waiting
