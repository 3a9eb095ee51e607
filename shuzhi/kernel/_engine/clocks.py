"""Time limits as they run: started and ended by acts, standing while something holds them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from shuzhi.kernel import law
from shuzhi.kernel._engine.state import State
from shuzhi.kernel.calendar import NEVER, SHANGHAI, Due, Kind
from shuzhi.kernel.declare import Clock, Term
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import ClockRun, Pause, Task
from shuzhi.kernel.queries import lawful

EARLIEST, LATEST = 1949, 2199
"""The years a term may count from; any other is a slip of the finger."""


def tick(state: State, what: str) -> None:
    """End and start the clocks of the case that an act ends and starts.

    An act that names no item ends the clocks of all items, and starts one without.
    """
    item = str(state.data.get("item") or "")
    for clock in state.type.clocks:
        if clock.per == "task":
            continue
        own = item if clock.per == "item" else ""
        if what in clock.ends or what in clock.voids:
            for run in _open_runs(state, clock):
                if run.item == own or not own:
                    meet(state, run, void=what in clock.voids)
        if what in clock.starts:
            for run in _open_runs(state, clock):
                if run.item == own:
                    meet(state, run, void=True)
            start(state, clock, item=own)


def _open_runs(state: State, clock: Clock) -> list[ClockRun]:
    return [run for run in state.runs if run.key == clock.key and run.met_at is None]


def tick_task(state: State, task: Task, what: str) -> None:
    """End and start the clocks that run for each task."""
    for clock in state.type.clocks:
        if clock.per != "task":
            continue
        running = [run for run in _open_runs(state, clock) if run.task_id == task.pk]
        if what in clock.ends or what in clock.voids:
            for run in running:
                meet(state, run, void=what in clock.voids)
        if what in clock.starts:
            for run in running:
                if run.met_at is None:
                    meet(state, run, void=True)
            start(state, clock, task=task)


def start(
    state: State, clock: Clock, *, task: Task | None = None, item: str = "", since: datetime | None = None
) -> ClockRun | None:
    """Start a run, unless its declaration says this case has none."""
    if clock.when and not clock.when(state):
        return None
    length = _length(state, clock)
    if length is None:
        return None
    amount, kind = length.amount, length.kind
    begins = since or _begins(state, clock)
    due = reckon(state, begins, amount, kind, clock.sense)
    run = state.rows.add(
        ClockRun(
            case_id=state.case.pk,
            town_id=state.case.town_id,
            task_id=task.pk if task else None,
            key=clock.key,
            item=item,
            round=state.case.round,
            kind=kind,
            sense=clock.sense,
            amount=amount,
            law=clock.law,
            started_at=begins,
            started_seq=state.seq,
            due_at=due.at,
            raw_date=due.raw_date,
            provisional=due.provisional,
        )
    )
    state.runs.append(run)
    stand(state, run)
    return run


def _length(state: State, clock: Clock) -> Term | None:
    """How long: worked out by the app, fixed, or as the town has set a rule that is no more than its setting."""
    if clock.term:
        return clock.term(state)
    if clock.law and law.rule(clock.law).is_town_setting:
        limits = lawful.time_limits(state.town, law.rule(clock.law))
        set_to = next((limit for limit in limits.values() if limit.counted[1] == clock.kind), None)
        return Term(set_to.counted[0], clock.kind) if set_to else None
    return Term(lawful.tightened(state.town, state.type.key, clock), clock.kind)


def _begins(state: State, clock: Clock) -> datetime:
    if not clock.on:
        return state.when
    day = state.data.get(clock.on) or getattr(state.file, clock.on, None)
    if day is None:
        raise Refused(f"“{clock.name}”要从一个日期起算，请填写该日期")
    if isinstance(day, date) and not EARLIEST <= day.year <= LATEST:
        raise Refused(f"“{clock.name}”的起算日期 {day.isoformat()[:10]} 不对，请改正")
    if isinstance(day, datetime):
        return day
    if isinstance(day, date):
        return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    raise TypeError(f"{clock.key} counts from {clock.on}, which is not a date")


def reckon(
    state: State,
    begins: datetime,
    amount: int,
    kind: Kind,
    sense: str,
    extra: int = 0,
    pauses: list[Pause] | None = None,
) -> Due:
    """When a run is due by the town's calendar."""
    if sense == "before":
        return state.town.calendar.before(begins, amount, kind)
    spans = [(pause.since, pause.until) for pause in pauses or ()]
    return state.town.calendar.due(
        begins, amount, kind, extra=extra, pauses=spans, now=state.now, explain=False
    )


def meet(state: State, run: ClockRun, *, void: bool = False) -> None:
    """End a run: met, or void where it no longer matters."""
    for held in state.pauses.get(run.pk, ()):
        if held.until is None:
            state.rows.change(held, until=state.when)
            _recompute(state, run)
    state.rows.change(run, met_at=state.when, met_seq=state.seq, void=void)


def stand(state: State, run: ClockRun) -> None:
    """Let a running clock stand, or go on, as unanswered questions that hold it and a 挂起 want it.

    挂起 holds internal targets only: a clock with a law runs on.
    """
    if run.met_at is not None:
        return
    holder = next((task for task in state.waiting() if run.key in task.holds), None)
    still = holder is not None or (
        state.case.suspended and not run.law and not state.type.clock(run.key).outside
    )
    held = next((pause for pause in state.pauses.get(run.pk, ()) if pause.until is None), None)
    if still and held is None:
        pause = Pause(run_id=run.pk, since=state.when, task_id=holder.pk if holder else None)
        state.pauses.setdefault(run.pk, []).append(state.rows.add(pause))
    elif held is not None and not still:
        state.rows.change(held, until=state.when)
    else:
        return
    _recompute(state, run)


def go_back(state: State, seq: int, at: datetime) -> None:
    """Undo what one act (its entry's number and time) did to the clocks."""
    for run in state.runs:
        if run.started_seq == seq:
            if run.met_at is None:
                meet(state, run, void=True)
            continue
        again = run.met_seq == seq
        if again:
            state.rows.change(run, met_at=None, met_seq=None, void=False)
        if (run.met_at is None and _unpause(state, run, at)) or again:
            _recompute(state, run)


def _unpause(state: State, run: ClockRun, at: datetime) -> bool:
    """Take away the pause that began at a moment, open again the one that ended then."""
    touched = False
    for pause in list(state.pauses.get(run.pk, ())):
        if pause.since == at:
            state.pauses[run.pk].remove(pause)
            state.rows.execute('DELETE FROM "kernel_pause" WHERE "id" = %s', [pause.pk])
        elif pause.until == at:
            state.rows.change(pause, until=None)
        else:
            continue
        touched = True
    return touched


def _recompute(state: State, run: ClockRun) -> None:
    pauses = state.pauses.get(run.pk, [])
    clock_kind: Any = run.kind
    due = reckon(state, run.started_at, run.amount, clock_kind, run.sense, run.extra, pauses)
    standing = any(held.until is None for held in pauses)
    state.rows.change(
        run, due_at=NEVER if standing else due.at, raw_date=due.raw_date, provisional=due.provisional
    )


def extend(state: State, run: ClockRun, by: int) -> None:
    state.rows.change(run, extra=run.extra + by)
    _recompute(state, run)


def carry_on(state: State, old: list[ClockRun]) -> None:
    """After a wrong closing clocks go on from their old beginnings, with their old pauses and extensions.

    Those that the new round has started again, and those that run for the whole case and the closing had ended.
    """
    latest = {run.key: run for run in old}
    begun = {run.key: run for run in state.runs if run.started_seq == state.seq and run.task_id is None}
    for key, before in latest.items():
        declared = state.type.clock(key)
        if declared not in state.type.clocks:
            continue
        again = begun.get(key)
        if again is None and not any(what.startswith("step:") for what in declared.starts):
            again = start(state, declared, item=before.item, since=before.started_at)
        if again is None:
            continue
        state.rows.change(
            again, started_at=before.started_at, amount=before.amount, kind=before.kind, extra=before.extra
        )
        for held in state.pauses.get(before.pk, ()):
            copied = state.rows.add(Pause(run_id=again.pk, since=held.since, until=held.until))
            state.pauses.setdefault(again.pk, []).append(copied)
        _recompute(state, again)
