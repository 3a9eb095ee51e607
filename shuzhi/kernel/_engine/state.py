"""What an act needs of one locked case. A `State` is also the `Facts` that predicates look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import Rows, select
from shuzhi.kernel.declare import CaseType, Step
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Case, CaseTerms, ClockRun, Ending, Entry, Member, Pause, Task
from shuzhi.kernel.queries.town import Town

UNDO = timedelta(seconds=8)
"""For so long an act may be taken back, and its notices wait."""


@dataclass
class State:
    """One case under way. It is also the `Facts` that predicates look at."""

    town: Town
    case: Case
    type: CaseType
    rows: Rows
    now: datetime
    by: Member | None = None
    at: datetime | None = None
    file: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    runs: list[ClockRun] = field(default_factory=list)
    pauses: dict[int, list[Pause]] = field(default_factory=dict)
    opened: list[Task] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    parent: State | None = None
    moved: dict[str, Any] = field(default_factory=dict)
    named: list[int] | None = None
    """Of a sealed case: who may have its tasks, once that was asked (keeping.named)."""
    terms: CaseTerms | None = None
    """Of a case that is being opened: what it is to be found by."""
    terms_left: set[str] | None = None
    """After an erasure: all it is to be found by from now on."""
    _acts: set[str] | None = None

    # -- Facts -------------------------------------------------------------------------------------------------------
    @property
    def step(self) -> str:
        return self.case.step

    @property
    def round(self) -> int:
        return self.case.round

    @property
    def when(self) -> datetime:
        """When the act happened: as stated, else now."""
        return self.at or self.now

    @property
    def seq(self) -> int:
        """The number the entry of this act will have."""
        return self.case.entries + 1

    def did(self, action: str) -> bool:
        """Whether a declared act was taken and not taken back; a proposed one, whether everybody agreed."""
        if self._acts is None:
            self._acts = _acts_of(self.case) if self.case.entries else set()
        return action in self._acts or f"approve:{action}" in self._acts

    def run(self, clock: str) -> ClockRun | None:
        """The latest run of a clock that was not voided."""
        return next((run for run in reversed(self.runs) if run.key == clock and not run.void), None)

    def due(self, clock: str) -> datetime | None:
        run = self.run(clock)
        return run.due_at if run else None

    def running(self, clock: str) -> bool:
        run = self.run(clock)
        return run is not None and run.met_at is None

    def unmet(self, clock: str) -> list[str]:
        """The items whose runs of a clock have not ended."""
        return [run.item for run in self.runs if run.key == clock and run.met_at is None]

    def asked(self, act: str) -> int:
        """How many tasks that an act asked beside the step are still open; "lapse:x" for those a clock asked."""
        return sum(task.kind == Task.Kind.SIDE and task.act == act for task in self.waiting())

    def child_outcome(self, case_type: str) -> str | None:
        """How the latest child of a type ended; None while it is open, or if there was none."""
        asked = [task for task in self.tasks if task.child_id and task.act == case_type]
        return (asked[-1].answer or None) if asked else None

    def previous_lead(self) -> int | None:
        """The unit that last led, whatever became of its task, returns and drops left out."""
        led = self._led()
        return led[-1].unit_id if led else None

    def previous_support(self) -> tuple[int, ...]:
        """The units that last stood beside that lead, or beside those who handed the lead on to it."""
        led = self._led()
        if not led:
            return ()
        since = self._led_since(led[-1])
        with_it = [task for task in self.tasks if task.step == led[-1].step and task.opened_seq >= since]
        return tuple(
            task.unit_id
            for task in with_it
            if not task.lead
            and task.unit_id
            and task.kind == Task.Kind.MAIN
            and task.answer not in ("returned", "transferred", "undone")
        )

    def _led(self) -> list[Task]:
        gone = ("returned", "dropped", "undone")
        return [task for task in self.tasks if task.lead and task.unit_id and task.answer not in gone]

    def _led_since(self, lead: Task) -> int:
        """The entry that asked the first of those who handed the lead on, one to the next."""
        before = {task.done_seq: task for task in self.tasks if task.lead and task.answer == "transferred"}
        since = lead.opened_seq
        while since in before:
            since = before[since].opened_seq
        return since

    # -- what is declared --------------------------------------------------------------------------------------------
    @property
    def spec(self) -> Step:
        return self.type.step(self.case.step)

    def current(self) -> list[Task]:
        """The main tasks since the step was entered."""
        return [
            task
            for task in self.tasks
            if task.kind == Task.Kind.MAIN
            and task.step == self.case.step
            and task.opened_seq >= self.case.step_seq
        ]

    def waiting(self) -> list[Task]:
        return [task for task in self.tasks if task.done_at is None]


def _acts_of(case: Case) -> set[str]:
    entries = list(Entry.objects.filter(case_id=case.pk).values_list("seq", "act", "data__undoes"))
    undone = {undoes for _, _, undoes in entries}
    return {act for seq, act, _ in entries if seq not in undone}


def lock(case_id: int) -> Case:
    """A case, locked until the transaction ends.

    Raises Refused if there is none.
    """
    found = select(Case, '"id" = %s FOR UPDATE', [case_id])
    if not found:
        raise Refused("没有这一件，请刷新页面")
    return found[0]


def load(
    town: Town,
    case: Case,
    *,
    by: Member | None,
    now: datetime,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> State:
    """Everything an act needs of a locked case: four statements (tasks, runs, pauses, file)."""
    declared = _registry.case_type(case.type)
    state = State(town=town, case=case, type=declared, rows=Rows(), now=now, by=by, at=at, data=data or {})
    key = [case.pk]
    state.tasks = select(Task, '"case_id" = %s ORDER BY "opened_seq", "id"', key)
    state.runs = select(ClockRun, '"case_id" = %s ORDER BY "started_seq", "id"', key)
    of_case = '"run_id" IN (SELECT "id" FROM "kernel_clockrun" WHERE "case_id" = %s) ORDER BY "since", "id"'
    for held in select(Pause, of_case, key):
        state.pauses.setdefault(held.run_id, []).append(held)
    if declared.file:
        (state.file,) = select(_registry.resolve(case.type, declared.file), '"case_id" = %s', key)
    return state


def plain(value: Any) -> Any:
    """A value as JSON keeps it: rows by id, dates as ISO 8601."""
    if hasattr(value, "_meta"):
        return value.pk
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return value
