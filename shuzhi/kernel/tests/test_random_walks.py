"""Whatever people do, in whatever order: the record verifies and tells where the case stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Access, Case, ClockRun, Ending, Pause, Task
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.errand import Walk

WHO = st.sampled_from(["dispatcher", "dispatcher2", "roads", "roads2", "power", "team", "leader", "clerk"])
WHAT = st.sampled_from(
    [
        "send",
        "decline",
        "report",
        "close",
        "redo",
        "give_up",
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
        "approve",
        "refuse",
        "answer",
        "rate",
        "reopen",
    ]
)
UNITS = ("roads", "power", "enforcement")
TURN = st.tuples(WHO, WHAT, st.sampled_from(UNITS), st.integers(0, 3), st.sampled_from([1, 900, 90_000]))


def take(walk: Walk, who: str, what: str, unit: str, nth: int, seconds: int) -> bool:
    """Try one act; whether it was done. Only a plain refusal may come instead."""
    town = walk.town
    tasks = list(Task.objects.filter(case_id=walk.id, done_at=None).order_by("id"))
    task_id = tasks[nth % len(tasks)].pk if tasks else 0
    unit_id = town.unit[unit].pk
    text = {"text": "理由"}
    arguments: dict[str, dict[str, Any]] = {
        "transfer": {"task_id": task_id, "unit_id": unit_id, **text},
        "send_back": {"task_id": task_id, **text},
        "assist": {"unit_id": unit_id, **text},
        "extend": {"clock": ("do", "law")[nth % 2], "amount": nth + 1, **text},
        "correct": {"field": "title", "value": f"第{nth}个题目", **text},
        "acknowledge": {"task_id": task_id},
        "approve": {"task_id": task_id, "agrees": True},
        "refuse": {"task_id": task_id, "agrees": False},
        "answer": {"task_id": task_id, **text},
        "rate": {"town_id": town.row.pk, "satisfied": nth + 1, "solved": nth > 1},
        "reopen": {**text, "wrong_closing": nth == 0},
        "undo": {},
        "urge": {},
        "resume": {},
    }
    member = town.again(who)
    walk.now += timedelta(seconds=seconds)
    common: dict[str, Any] = {"case_id": walk.id, "by": member, "now": walk.now}
    try:
        if what in ("send", "decline", "report", "close", "redo", "give_up"):
            sent = {"lead": unit_id, "support": [town.unit[UNITS[nth % 3]].pk]} if what == "send" else {}
            if sent and sent["support"] == [unit_id]:
                sent["support"] = []
            operations.act(**common, action=what, data=sent, text="理由")
        else:
            operation = getattr(operations, "approve" if what == "refuse" else what)
            operation(**common, **arguments.get(what, text))
    except NotDone:
        return False
    return True


def holds_together(walk: Walk) -> None:
    case: Case = walk.case
    assert walk.sound()
    running = ClockRun.objects.filter(case=case, met_at=None).exclude(sense="not_before")
    dues = [run.due_at for run in running]
    assert case.due_at == (NEVER if case.closed_at else min(dues, default=NEVER))
    assert not Pause.objects.filter(run__case=case, until=None, run__met_at__isnull=False).exists()
    waiting = Task.objects.filter(case=case, done_at=None)
    assert Ending.objects.filter(case=case).count() == case.round - (case.closed_at is None)
    if case.closed_at:
        assert not waiting.exists()
    else:
        assert waiting.exclude(kind=Task.Kind.APPROVAL).exists(), "an open case waits for somebody"
    for task in waiting.filter(unit__isnull=False):
        assert Access.objects.filter(case=case, unit=task.unit, until=None).exists()
    for who in ("roads", "power", "team"):
        seen = visible(walk.town.again(who)).filter(pk=case.pk).exists()
        member = walk.town.member[who]
        assert seen == Access.objects.filter(case=case, unit=member.unit, until=None).exists()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(turns=st.lists(TURN, min_size=5, max_size=25))
def test_whatever_is_done_the_record_verifies_and_replays(town: TestTown, turns: list[Any]) -> None:
    walk = Walk(town)
    walk.open("grid_worker")
    walk.send("roads", "power")
    for turn in turns:
        entries = walk.case.entries
        done = take(walk, *turn)
        assert walk.case.entries == entries + done
    holds_together(walk)
