"""What a member would be let do on a case now: the same tests the operations make, without the lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._engine import UNDO, State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Action
from shuzhi.kernel.models import Case, ClockRun, Entry, Member, Task
from shuzhi.kernel.operations.taking_back import may_undo
from shuzhi.kernel.operations.universal import may_send_back
from shuzhi.kernel.operations.writing import UNIVERSAL, controls
from shuzhi.kernel.queries.absence import has_role, holds, leave_of, stand_in
from shuzhi.kernel.queries.town import Town


@dataclass(frozen=True, slots=True)
class Offer:
    """An act on offer. `action` is empty for a universal act; `task` is the one it answers."""

    key: str
    name: str
    action: Action | None = None
    task: Task | None = None


def state_of(
    place: Town,
    case: Case,
    by: Member,
    *,
    now: datetime,
    tasks: Sequence[Task],
    runs: Sequence[ClockRun] = (),
    file: Any = None,
) -> State:
    """A view of an unlocked case for `when` predicates and forms; nothing is written through it."""
    return State(
        town=place,
        case=case,
        type=_registry.case_type(case.type),
        rows=Rows(),
        now=now,
        by=by,
        file=file,
        tasks=list(tasks),
        runs=list(runs),
    )


def offered(state: State, *, last: Entry | None = None) -> list[Offer]:
    """The acts offered to `state.by`, the step's own first. `last`: the newest entry, for the undo."""
    by = state.by
    assert by is not None
    today = state.now.astimezone(SHANGHAI).date()
    if by.town_id != state.case.town_id or leave_of(by, state.town, today):
        return []
    stand_in(by, state.town, today)
    offers: list[Offer] = []
    waiting = state.waiting()
    mine = [task for task in waiting if holds(task, by)]
    offers += [
        Offer("approve", f"审批：{_name(state, task.act)}", task=task)
        for task in mine
        if task.kind == Task.Kind.APPROVAL
    ]
    unsigned = [task for task in mine if task.kind == Task.Kind.MAIN and task.unit_id and not task.acked_at]
    offers += [Offer("acknowledge", "签收", task=task) for task in unsigned]
    own = [task for task in mine if task.kind == Task.Kind.MAIN and task.step == state.case.step]
    proposed = {task.act for task in waiting if task.kind == Task.Kind.APPROVAL}
    if own and state.case.step and not state.case.suspended:
        offers += [
            Offer(action.key, action.name, action, own[0])
            for action in state.spec.actions
            if action.key not in proposed and (not action.when or action.when(state))
        ]
    offers += [
        Offer(action.key, action.name, action)
        for action in state.type.acts
        if (not action.role or has_role(by, action.role))
        and action.key not in proposed
        and (action.ended or not state.case.closed_at)
        and (not action.when or action.when(state))
    ]
    offers += [Offer("answer", "答复协办", task=task) for task in mine if task.kind == Task.Kind.SIDE]
    return offers + _universal(state, by, own, last)


def _name(state: State, act: str) -> str:
    from shuzhi.kernel.operations.writing import act_name

    return act_name(state.type.key, act)


def _universal(state: State, by: Member, own: list[Task], last: Entry | None) -> list[Offer]:
    case = state.case
    steers = controls(state, by)
    reporter = case.opened_by_id == by.pk
    offers: list[Offer] = []

    def offer(key: str, allowed: bool, task: Task | None = None) -> None:
        if allowed:
            offers.append(Offer(key, UNIVERSAL[key], task=task))

    if last is not None:
        fresh = last.by_id == by.pk and state.now - last.recorded_at <= UNDO and may_undo(state, last.act)
        signed = any(task.opened_seq == last.seq and (task.acked_at or task.done_at) for task in state.tasks)
        offer("undo", fresh and not signed)
    if case.closed_at:
        offer("reopen", steers and bool(state.type.reopens) and case.outcome in state.type.outcomes)
        offer("correct", steers)
        offer("note", True)
        return offers
    with_unit = [task for task in own if task.unit_id]
    for task in [
        *with_unit,
        *(t for t in state.current() if steers and t.unit_id and not t.done_at and t not in own),
    ]:
        offer("transfer", True, task)
    for task in own:
        offer("send_back", may_send_back(state, task), task)
    lead = any(task.lead and not task.done_at for task in state.current())
    offer("assist", lead and (steers or any(task.lead for task in own)))
    offer(
        "extend",
        (bool(with_unit) or steers) and any(run.met_at is None and not run.task_id for run in state.runs),
    )
    offer("suspend", (bool(with_unit) or steers) and not case.suspended)
    offer("resume", (bool(with_unit) or steers) and case.suspended)
    offer("urge", (steers or reporter or by.has_role("leader")) and bool(state.waiting()))
    offer("supervise", by.has_role("leader") and not case.supervised)
    offer("merge", steers)
    offer("withdraw", (reporter or steers) and not any(task.acked_at for task in state.tasks))
    offer("correct", steers)
    offer("note", True)
    return offers
