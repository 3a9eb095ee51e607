"""What silence does: the act the law deems taken, or a question to the person who must decide.

Nothing lapses on a provisional date: a year without its holiday list is never the ground of it (CAL-008).
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel.declare import Ask, Clock
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import ClockRun, Task
from shuzhi.kernel.operations.guarding import pass_guards
from shuzhi.kernel.operations.writing import complete, lock

MOST = 500


def lapse_due(*, now: datetime) -> int:
    """Take what silence amounts to for every clock that has run out; how many did."""
    keys = [
        Q(key=clock.key, case__type=declared.key)
        for declared in _registry.case_types().values()
        for clock in declared.clocks
        if clock.lapses or clock.asks
    ]
    if not keys:
        return 0
    wanted = keys[0]
    for key in keys[1:]:
        wanted |= key
    out = ClockRun.objects.filter(wanted, met_at=None, lapsed_at=None, provisional=False, due_at__lt=now)
    count = 0
    for run_id, case_id, due_at in list(out.order_by("due_at").values_list("pk", "case_id", "due_at")[:MOST]):
        try:
            with transaction.atomic():
                count += _lapse(run_id, case_id, due_at, now)
        except NotDone:
            continue  # a guard forbids the act now; it is looked at again next time
    return count


def _lapse(run_id: int, case_id: int, due_at: datetime, now: datetime) -> bool:
    """What happened at `due_at` is written now: the time somebody else's answer held the case ends then, not later."""
    state = lock(case_id, by=None, now=now, at=due_at)
    run = next((run for run in state.runs if run.pk == run_id), None)
    if run is None or run.met_at or run.lapsed_at or run.due_at != due_at or state.case.closed_at:
        return False
    clock = state.type.clock(run.key)
    state.rows.change(run, lapsed_at=now)
    asks = clock.asks
    task = next((task for task in state.tasks if task.pk == run.task_id and task.done_at is None), None)
    if task is not None:
        _engine.close(state, task, "silent")
        if task.kind == Task.Kind.MAIN:
            _engine.settle(state)
    elif clock.lapses and not _take(state, clock):
        asks = asks or state.type.control
    if asks and not state.case.closed_at:
        _engine.ask(state, Ask(role=asks), kind=Task.Kind.SIDE, act=f"lapse:{clock.key}")
    complete(state, f"lapse:{clock.key}", data={"law": clock.law, "item": run.item})
    return True


def _take(state: State, clock: Clock) -> bool:
    """Take the act that silence amounts to; False if it is not on offer where the case stands.

    Its guards hold for the worker as for anybody.
    """
    on_offer = (*state.type.acts, *(state.spec.actions if state.case.step else ()))
    action = next((action for action in on_offer if action.key == clock.lapses), None)
    if action is None or (action.when and not action.when(state)):
        return False
    pass_guards(state, action, None)
    own = next(
        (task for task in state.current() if task.done_at is None and action in state.spec.actions), None
    )
    _engine.do(state, action, own)
    return True
