"""An upgrade that takes a step away: `CaseType.moved` says which step took its place, and open cases are carried there.

Run by `migrate`, before the new program serves. Nobody is asked twice: whoever held the task holds it on, signed for and
answered as it was, now for the new step; clocks go on from their old beginnings.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel._engine.clocks import start
from shuzhi.kernel.declare import Ask
from shuzhi.kernel.models import Case, Task
from shuzhi.kernel.operations.writing import complete, lock

MOST = 1000
NO_ANSWER = ("returned", "transferred", "dropped", "undone")

STANDING = """
SELECT "type", "step", count(*) FROM "kernel_case" WHERE "closed_at" IS NULL GROUP BY "type", "step" ORDER BY 1, 2
"""


def vanished() -> list[tuple[str, str, int]]:
    """(case type, step, open cases in it) of every step that is declared no more and not said to have moved."""
    if "kernel_case" not in connection.introspection.table_names():
        return []
    types = _registry.case_types()
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        return [
            (key, step, many)
            for key, step, many in cursor.fetchall()
            if key in types
            and step not in {known.key for known in types[key].steps}
            and step not in types[key].moved
        ]


def carry_moved(*, now: datetime) -> int:
    """Carry every open case out of a step that has moved; how many were. Again, it finds nothing more to do.

    Each case in its own transaction, locked, parents before their children.
    """
    moved = {key: declared.moved for key, declared in _registry.case_types().items() if declared.moved}
    there = Q(pk=None)
    for key, pairs in moved.items():
        there |= Q(type=key, step__in=pairs)
    cases = list(Case.objects.filter(there, closed_at=None).order_by("pk").values_list("pk", flat=True))
    count = sum(_carry(case_id, now) for case_id in cases)
    for key, pairs in moved.items():
        for old, new in pairs.items():
            while _rename_past(key, old, new):
                pass
    return count


def _carry(case_id: int, now: datetime) -> bool:
    with transaction.atomic():
        state = lock(case_id, by=None, now=now, restricted=True)
        old = state.case.step
        if state.case.closed_at or old not in state.type.moved:
            return False
        _move(state, old, state.type.moved[old])
        complete(state, "moved", data={"from": old})
        return True


def _move(state: State, old: str, new: str) -> None:
    case, rows = state.case, state.rows
    before = state.current()
    came, entered, led = case.came_from, case.step_seq, case.unit_id
    state.moved.update(left=old, came=came, entered=entered, led=led, to=new)
    rows.change(case, step=new, came_from=state.type.moved.get(came, came))
    for task in state.tasks:
        rows.change(task, step=state.type.moved.get(task.step, task.step))
    _clocks(state, f"step:{new}")
    _tasks(state, before)
    if state.spec.asks:
        _engine.settle(state)


def _clocks(state: State, entering: str) -> None:
    """Clocks that run go on. Those nobody declares any more, and those the new step ends, no longer matter."""
    declared = {clock.key: clock for clock in state.type.clocks}
    for run in state.runs:
        clock = declared.get(run.key)
        over = clock is None or (
            entering in (*clock.ends, *clock.voids) and entering not in clock.starts and run.task_id is None
        )
        if run.met_at is None and over:
            _engine.meet(state, run, void=True)
    begun = {run.key for run in state.runs if run.started_seq >= state.case.step_seq}
    for clock in state.type.clocks:
        if clock.per != "task" and entering in clock.starts and clock.key not in begun:
            start(state, clock)


def _tasks(state: State, before: list[Task]) -> None:
    """Ask as the new step asks; what the old one had asked of the same is kept, answered or not."""
    spec, kept = state.spec, list[Task]()
    asked = spec.asks(state) if spec.asks else [Ask(unit=spec.unit(state) if spec.unit else None)]
    wanted = []
    for one in asked:
        may = [task for task in before if task not in kept and _same(task, one)]
        task = next((task for task in may if task.done_at is None or spec.asks), None)
        if task is None:
            wanted.append(one)
            continue
        kept.append(task)
        role = "" if one.child else one.role or spec.role
        state.rows.change(task, role=role, lead=one.lead, version=task.version + 1)
        _start_own(state, task)
    offered = {action.key for action in (*spec.actions, *state.type.acts)}
    for task in state.waiting():
        if task.kind == Task.Kind.APPROVAL:
            gone = not (task.proposal or {}).get("universal") and task.act not in offered
        else:
            gone = task.kind == Task.Kind.MAIN and task not in kept
        if gone:
            _engine.close(state, task, "dropped")
            if task.child_id:
                _engine.call_off(state, task.child_id)
    for one in wanted:
        _engine.ask(state, one, spec.role)


def _same(task: Task, asked: Ask) -> bool:
    if task.answer in NO_ANSWER:
        return False
    if asked.child or task.child_id:
        return bool(task.child_id) and task.act == asked.child
    return task.unit_id == asked.unit


def _start_own(state: State, task: Task) -> None:
    """Clocks that run for each task and that this one never had."""
    had = {run.key for run in state.runs if run.task_id == task.pk}
    for clock in state.type.clocks:
        entering = f"step:{state.case.step}" in clock.starts
        if clock.per == "task" and entering and clock.key not in had and task.done_at is None:
            start(state, clock, task=task)


PAST = """
SELECT "id" FROM "kernel_case" c WHERE "type" = %s AND ("came_from" = %s OR EXISTS
    (SELECT 1 FROM "kernel_task" t WHERE t."case_id" = c."id" AND t."step" = %s))
ORDER BY "id" LIMIT %s FOR UPDATE
"""


def _rename_past(type_key: str, old: str, new: str) -> int:
    """Let what other cases remember of the step name the new one, so that a return finds it; how many cases were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PAST, [type_key, old, old, MOST])
        cases = [row[0] for row in cursor.fetchall()]
        Case.objects.filter(pk__in=cases, came_from=old).update(came_from=new)
        Task.objects.filter(case_id__in=cases, step=old).update(step=new)
    return len(cases)
