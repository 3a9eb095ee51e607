"""The end of an act: what is due, the entry, the notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shuzhi.kernel import search
from shuzhi.kernel._engine.state import UNDO, State, plain
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.models import Entry, Outgoing


def finish(
    state: State, act: str, *, text: str = "", data: dict[str, Any] | None = None, quiet: bool = False
) -> Entry:
    """Work out what is due; write the entry, what it is found by, and the notices. The rows are written by the caller."""
    dues = [run for run in state.runs if run.met_at is None and run.sense != "not_before"]
    case_due = min((run.due_at for run in dues if run.task_id is None), default=NEVER)
    for task in state.tasks:
        if task.done_at is None:
            own = min((run.due_at for run in dues if run.task_id == task.pk), default=NEVER)
            state.rows.change(task, due_at=min(own, case_due))
    state.rows.change(
        state.case, due_at=NEVER if state.case.closed_at else min((run.due_at for run in dues), default=NEVER)
    )
    if not quiet:
        _notices(state)
    search.keep(
        state.rows, state.case, state.type, state.file, text, begun=state.terms, only=state.terms_left
    )
    kept = {**{key: plain(value) for key, value in (data or {}).items()}, **state.moved}
    return state.rows.record(state.case, act, by=state.by, at=state.when, now=state.now, text=text, data=kept)


def _notices(state: State) -> None:
    """To each unit that is asked."""
    for task in state.opened:
        if task.done_at is None:
            notify(state, task.unit_id, "task", wait=UNDO)


def notify(state: State, unit_id: int | None, kind: str, *, wait: timedelta = timedelta()) -> None:
    """A notice of the case to a unit, if it has said where it wants to be told."""
    unit = state.town.units.get(unit_id or 0)
    if unit is None or not unit.notify_url:
        return
    case = state.case
    state.rows.add(
        Outgoing(
            town_id=case.town_id,
            case_id=case.pk,
            unit_id=unit.pk,
            seq=state.seq,
            kind=kind,
            payload={"number": case.number, "title": case.title_outside},
            made_at=state.now,
            not_before=state.now + wait,
        )
    )
