"""The end of an act: what is due, the entry, the notices."""

from __future__ import annotations

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
    """A row for each unit that is asked and has said where it wants to be told."""
    for task in state.opened:
        unit = state.town.units.get(task.unit_id or 0)
        if unit and unit.notify_url and task.done_at is None:
            state.rows.add(
                Outgoing(
                    town_id=state.case.town_id,
                    case_id=state.case.pk,
                    unit_id=unit.pk,
                    seq=state.seq,
                    kind="task",
                    payload={
                        "number": state.case.number,
                        "title": state.case.title_outside,
                        "step": state.case.step,
                    },
                    made_at=state.now,
                    not_before=state.now + UNDO,
                )
            )
