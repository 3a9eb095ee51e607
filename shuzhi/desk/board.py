"""The table of an order: one row a unit — has it signed, what did it answer, is it late, whom to reach there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shuzhi.desk.queries import NOT_HIS
from shuzhi.kernel.models import Case, Entry, Task
from shuzhi.kernel.queries.casefile import task_holder
from shuzhi.ui import clocktext


def rows(
    tasks: Sequence[Task], entries: Sequence[Entry], contacts: Mapping[int, str], case: Case, now: datetime
) -> dict[str, Any]:
    """Of the last task of each unit in this round; whoever is late stands first, then whoever has not answered."""
    last: dict[int, Task] = {}
    for task in tasks:
        if (
            task.kind == Task.Kind.MAIN
            and task.unit_id
            and task.round == case.round
            and task.answer not in NOT_HIS
        ):
            last[task.unit_id] = task
    said = {entry.seq: entry for entry in entries}
    listed = [_row(task, said.get(task.done_seq or 0), contacts, case, now) for task in last.values()]
    listed.sort(key=lambda row: (not row["late"], bool(row["done"])))
    return {
        "rows": listed,
        "asked": len(listed),
        "signed": sum(bool(row["acked"]) for row in listed),
        "answered": sum(bool(row["done"]) for row in listed),
        "late": sum(row["late"] for row in listed),
        "waiting": sum(not row["done"] for row in listed),
    }


def _row(
    task: Task, answer: Entry | None, contacts: Mapping[int, str], case: Case, now: datetime
) -> dict[str, Any]:
    state, text = clocktext.light(task.due_at, task.opened_at, now, case.suspended)
    words = getattr(answer, "words", None)
    done_late = task.done_at is not None and task.done_at > task.due_at
    return {
        "unit": task_holder(task),
        "contact": contacts.get(task.unit_id or 0, ""),
        "opened": task.opened_at,
        "acked": task.acked_at,
        "acked_by": task.acked_by,
        "done": task.done_at,
        "done_by": task.done_by,
        "said": words.text if words else "",
        "due": task.due_at,
        "state": state,
        "text": text,
        "late": task.done_at is None and task.due_at < now,
        "done_late": done_late,
    }
