"""What a case page shows: the record, the tasks, the clocks. One statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import select
from shuzhi.kernel.calendar import Due, Kind
from shuzhi.kernel.models import Case, ClockRun, Entry, Link, Pause, Task
from shuzhi.kernel.queries.town import Town


def timeline(case: Case) -> list[Entry]:
    """The record, newest first, with words, member and unit; `data` with what of it stands in the words."""
    newest = 't."case_id" = %s ORDER BY t."seq" DESC'
    found = select(Entry, newest, [case.pk], along=("by", "unit", "words"))
    for entry in found:
        entry.data = entry.said
    return found


def replay(entries: list[Entry]) -> tuple[str, int, str]:
    """(step, round, outcome) as the record tells them; equal to the case's own columns."""
    step, round_, outcome = "", 1, ""
    for entry in sorted(entries, key=lambda one: one.seq):
        round_ = entry.data.get("round", round_)
        if "to" in entry.data:
            step = entry.data["to"]
            outcome = entry.data.get("outcome", "") if step == "" else ""
    return step, round_, outcome


def tasks_of(case: Case) -> list[Task]:
    return select(
        Task,
        't."case_id" = %s ORDER BY t."opened_seq", t."id"',
        [case.pk],
        along=("unit", "member", "acked_by", "done_by"),
    )


def runs_of(case: Case) -> list[ClockRun]:
    """The clocks that run or were met, in the order they started."""
    return select(ClockRun, '"case_id" = %s AND NOT "void" ORDER BY "started_seq", "id"', [case.pk])


PAUSES = '"run_id" IN (SELECT "id" FROM "kernel_clockrun" WHERE "case_id" = %s) ORDER BY "since"'


@dataclass(frozen=True, slots=True)
class Running:
    """A clock as the page shows it: its name, its run, how it was reckoned."""

    name: str
    run: ClockRun
    paused: bool
    due: Due


def clocks_of(case: Case, place: Town, *, now: datetime) -> list[Running]:
    """The runs of a case with their explanation; two statements."""
    runs = runs_of(case)
    pauses: dict[int, list[Pause]] = {}
    for pause in select(Pause, PAUSES, [case.pk]):
        pauses.setdefault(pause.run_id, []).append(pause)
    declared = _registry.case_type(case.type)
    shown = []
    for run in runs:
        held = pauses.get(run.pk, [])
        spans = [(pause.since, pause.until) for pause in held]
        kind: Kind = run.kind  # type: ignore[assignment]
        due = place.calendar.due(run.started_at, run.amount, kind, extra=run.extra, pauses=spans, now=now)
        standing = run.met_at is None and any(pause.until is None for pause in held)
        shown.append(Running(declared.clock(run.key).name, run, standing, due))
    return shown


def links_of(case: Case) -> list[dict[str, Any]]:
    """The cases it is linked with, either way; one statement. No sealed one; of one restricted to view only the number."""
    either = 't."case_id" = %s OR t."other_id" = %s ORDER BY t."id"'
    found = []
    for link in select(Link, either, [case.pk, case.pk], along=("case", "other")):
        other = link.other if link.case_id == case.pk else link.case
        if other.sight == Case.Sight.SEALED:
            continue
        hidden = other.restricted or other.sight != Case.Sight.OPEN
        found.append(
            {
                "kind": link.Kind(link.kind).label,
                "number": other.number,
                "title": "" if hidden else other.title,
                "out": link.case_id == case.pk,
            }
        )
    return found


STATUS = {
    "report": "awaiting_dispatch",
    "dispatch": "awaiting_dispatch",
    "sign": "awaiting_ack",
    "handle": "handling",
    "verify": "verifying",
}
"""The step of the bar a case stands in → the key of its status mark."""

ENDED = {"declined": "declined", "merged": "merged", "withdrawn": "withdrawn", "unresolved": "unresolved"}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a case stands on its bar: `at` counted from 0, all done at the end; and its status mark with its words."""

    labels: tuple[str, ...]
    at: int
    status: str
    words: str


def standing(type_key: str, step: str, *, unsigned: bool) -> tuple[str, str]:
    """(key on the bar, words) of an open case in a step: 签收 is no step, but a lead that has not signed yet."""
    declared = _registry.case_type(type_key)
    spec = declared.step(step)
    shown = dict(declared.shown)
    if unsigned and "sign" in shown:
        return "sign", "待签收"
    if not spec.shown or spec.shown == "handle":
        return spec.shown or step, f"{spec.name}中"
    return spec.shown, f"待{spec.name}"


def ended_words(type_key: str, outcome: str) -> tuple[str, str]:
    """(status key, words) of a closed case."""
    status = ENDED.get(outcome, "closed")
    words = {"closed": "已结案", "merged": "已合并", "withdrawn": "已撤回", "unresolved": "结案未解决"}
    return status, words.get(status) or _registry.case_type(type_key).outcomes.get(outcome, "已结案")


def progress(case: Case, tasks: list[Task]) -> Progress:
    """The bar of a case, drawn from its tasks."""
    declared = _registry.case_type(case.type)
    labels = tuple(words for _, words in declared.shown)
    if case.closed_at:
        return Progress(labels, len(labels), *ended_words(case.type, case.outcome))
    current = [task for task in tasks if task.step == case.step and task.opened_seq >= case.step_seq]
    lead = next((task for task in current if task.lead and not task.done_at), None)
    key, words_ = standing(case.type, case.step, unsigned=lead is not None and lead.acked_at is None)
    keys = [key_ for key_, _ in declared.shown]
    at = keys.index(key) if key in keys else 0
    if case.suspended:
        return Progress(labels, at, "suspended", "挂起")
    return Progress(labels, at, STATUS.get(key, "handling"), words_)


def task_holder(task: Task) -> str:
    """Who has to answer a task, by name: a unit, a person or the holders of a role. Needs `unit` read with it."""
    if task.unit_id:
        return str(task.unit)
    if task.member_id:
        return str(task.member)
    return _registry.roles().get(task.role, task.role)
