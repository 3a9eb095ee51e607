"""Moves a case: enters steps, asks, settles, runs clocks, ends. Rows in, rows out; who may act is decided in operations.

A `State` holds everything an act needs of one locked case. Nothing is read after it is loaded except what a predicate
asks for, and nothing is written before `finish`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import Rows, select
from shuzhi.kernel.calendar import NEVER, SHANGHAI, Due, Kind
from shuzhi.kernel.declare import BACK, STAY, Action, Ask, CaseType, Clock, End, Step
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, ClockRun, Ending, Entry, Link, Member, Outgoing, Pause, Task
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
        if self._acts is None:
            self._acts = (
                set(Entry.objects.filter(case_id=self.case.pk).values_list("act", flat=True))
                if self.case.entries
                else set()
            )
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

    def child_outcome(self, case_type: str) -> str | None:
        link = (
            Link.objects.filter(case_id=self.case.pk, kind=Link.Kind.CHILD, other__type=case_type)
            .select_related("other")
            .order_by("-id")
            .first()
        )
        return link.other.outcome or None if link else None

    def previous_lead(self) -> int | None:
        """The unit that last led, whatever became of its task, returns and drops left out."""
        led = [
            task
            for task in self.tasks
            if task.lead and task.unit_id and task.answer not in ("returned", "dropped", "undone")
        ]
        return led[-1].unit_id if led else None

    def previous_support(self) -> tuple[int, ...]:
        """The units that last stood beside that lead."""
        led = [
            task
            for task in self.tasks
            if task.lead and task.unit_id and task.answer not in ("returned", "dropped", "undone")
        ]
        if not led:
            return ()
        with_it = [
            task for task in self.tasks if task.step == led[-1].step and task.opened_seq >= led[-1].opened_seq
        ]
        return tuple(
            task.unit_id
            for task in with_it
            if not task.lead
            and task.unit_id
            and task.kind == Task.Kind.MAIN
            and task.answer not in ("returned", "transferred", "undone")
        )

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


# -- entering and asking ---------------------------------------------------------------------------------------------


def go(state: State, to: str | End) -> None:
    """Go where an action or a step's `then` says."""
    if isinstance(to, End):
        end(state, to.outcome or str(state.data[to.field]))
    elif to == BACK:
        enter(state, state.case.came_from or control_step(state.type))
    elif to != STAY:
        enter(state, to)


def control_step(declared: CaseType) -> str:
    """The step of the one who steers: where a case goes back to when it came from none."""
    return next((step.key for step in declared.steps if step.role == declared.control), declared.steps[0].key)


def _leave(state: State) -> None:
    """Keep in the entry where the case stood, so that an undo finds the way back."""
    case = state.case
    for name, value in (
        ("left", case.step),
        ("came", case.came_from),
        ("entered", case.step_seq),
        ("led", case.unit_id),
    ):
        state.moved.setdefault(name, value)


def enter(state: State, key: str) -> None:
    """Enter a step: what the old one left open is dropped (side tasks go on), the new one asks."""
    for task in state.waiting():
        if task.kind != Task.Kind.SIDE:
            drop(state, task)
    _leave(state)
    state.rows.change(state.case, came_from=state.case.step, step=key, step_seq=state.seq)
    state.moved["to"] = key
    spec = state.type.step(key)
    tick(state, f"step:{key}")
    if spec.asks:
        for asked in spec.asks(state):
            ask(state, asked, spec.role)
    else:
        ask(state, Ask(role=spec.role, unit=spec.unit(state) if spec.unit else None))


def ask(
    state: State, asked: Ask, role: str = "", *, kind: str = Task.Kind.MAIN, act: str = "", **more: Any
) -> Task:
    """Open a task. A unit that is asked may see the case from now on."""
    if asked.unit is not None and asked.unit not in state.town.units:
        raise Refused("所选单位不属于本镇，请重新选择")
    case = state.case
    task = state.rows.add(
        Task(
            case_id=case.pk,
            town_id=case.town_id,
            kind=kind,
            round=case.round,
            step=case.step,
            unit_id=asked.unit,
            role=asked.role or role,
            lead=asked.lead,
            act=act,
            holds=list(asked.holds),
            opened_at=state.when,
            opened_seq=state.seq,
            due_at=NEVER,
            **more,
        )
    )
    if asked.unit:
        grant(state, asked.unit)
    state.tasks.append(task)
    state.opened.append(task)
    if asked.lead and asked.unit:
        state.rows.change(case, unit_id=asked.unit)
    for key in asked.holds:
        run = state.run(key)
        if run and run.met_at is None:
            pause(state, run, task)
    for clock in state.type.clocks:
        if clock.per == "task" and kind == Task.Kind.MAIN and f"step:{case.step}" in clock.starts:
            start(state, clock, task=task)
    return task


GIVEN_AWAY = ("transferred", "returned", "undone")


def grant(state: State, unit_id: int) -> None:
    """Let a unit see the case, unless it already may."""
    if not _holds_sight(state, unit_id):
        state.rows.add(Access(case_id=state.case.pk, unit_id=unit_id, since=state.now))


def _holds_sight(state: State, unit_id: int) -> bool:
    return any(task.unit_id == unit_id and task.answer not in GIVEN_AWAY for task in state.tasks)


def withdraw_sight(state: State, unit_id: int) -> None:
    """Take a unit's sight away once its last task has gone elsewhere."""
    if not _holds_sight(state, unit_id):
        state.rows.execute(
            'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "unit_id" = %s AND "until" IS NULL',
            [state.now, state.case.pk, unit_id],
        )


def drop(state: State, task: Task) -> None:
    """A task that is no longer wanted."""
    close(state, task, "dropped")


def close(state: State, task: Task, answer: str) -> None:
    """Answer a task, and with it the clocks that ran for it and the pauses it held."""
    by = state.by if answer not in ("dropped", "undone") else None
    state.rows.change(
        task,
        done_at=state.when,
        done_by_id=by.pk if by else None,
        done_seq=state.seq,
        answer=answer,
        version=task.version + 1,
    )
    for run in state.runs:
        if run.task_id == task.pk and run.met_at is None:
            meet(state, run, void=answer in ("dropped", "undone", "transferred", "returned"))
    for pauses in state.pauses.values():
        for held in pauses:
            if held.task_id == task.pk and held.until is None:
                state.rows.change(held, until=state.when)


def settle(state: State) -> None:
    """Go on once everybody whose answer the step waits for has answered."""
    spec = state.spec
    asked = [task for task in state.current() if task.answer not in ("transferred", "undone")]
    waiting = [task for task in asked if task.done_at is None]
    answered = [task for task in asked if task.done_at and task.answer not in ("returned", "dropped")]
    if spec.join == "any":
        over = bool(answered)
    elif spec.join == "lead":
        over = not waiting and any(task.lead for task in answered)
    else:
        over = not waiting
    if over and spec.then:
        go(state, spec.then(state))


# -- acts ------------------------------------------------------------------------------------------------------------


def do(state: State, action: Action, task: Task | None) -> None:
    """Take an action that has passed its guards: file, clocks, tasks, step."""
    write_file(state)
    spec = state.spec if state.case.step else None
    own = bool(spec and action in spec.actions)
    to = action.to(state) if callable(action.to) else action.to
    moves = to != STAY
    if task and (moves or (own and spec and spec.then)):
        close(state, task, action.key)
    tick(state, action.key)
    asked = action.asks(state) if callable(action.asks) else action.asks
    for one in asked:
        ask(state, one, kind=Task.Kind.SIDE, act=action.key)
    if moves:
        go(state, to)
    elif own and spec and spec.then:
        settle(state)


def write_file(state: State) -> None:
    """Carry what the form brought into the app's row and the case's own columns; what was before goes into the entry."""
    was: dict[str, Any] = {}
    for row, names in ((state.file, _file_names(state)), (state.case, ("urgency", "title"))):
        if row is None:
            continue
        for name in names:
            key = name.removesuffix("_id")
            if key in state.data and getattr(row, name) != state.data[key]:
                was[name] = plain(getattr(row, name))
                state.rows.change(row, **{name: state.data[key]})
    if was:
        state.moved["was"] = was


def _file_names(state: State) -> list[str]:
    if state.file is None:
        return []
    return [f.attname for f in state.file._meta.concrete_fields if not f.primary_key]


def end(state: State, outcome: str) -> None:
    """End the round: an Ending, clocks met, open tasks dropped."""
    case = state.case
    if outcome not in state.type.outcomes and outcome not in ("cancelled", "merged", "withdrawn"):
        raise ValueError(f"{state.type.key} has no outcome {outcome!r}; declare it in outcomes")
    for task in state.waiting():
        drop(state, task)
    tick(state, "end")
    for run in state.runs:
        if run.met_at is None and run.round == case.round and run.sense != "not_before":
            meet(state, run, void=True)
    opened = _round_opened(state)
    held = [
        (p.since, p.until or state.when)
        for run in state.runs
        for p in state.pauses.get(run.pk, ())
        if run.task_id is None
    ]
    ending = Ending(
        case_id=case.pk,
        town_id=case.town_id,
        round=case.round,
        outcome=outcome,
        closed_at=state.when,
        handled_minutes=max(0, state.town.calendar.working_minutes(opened, state.when, merge_spans(held))),
    )
    state.endings.append(state.rows.add(ending))
    _leave(state)
    state.rows.change(
        case, came_from=case.step, step="", outcome=outcome, closed_at=state.when, suspended=False
    )
    state.moved.update(to="", outcome=outcome)
    if state.parent and outcome != "cancelled":
        _tell_parent(state, outcome)


def _round_opened(state: State) -> datetime:
    if state.case.round == 1:
        return state.case.opened_at
    return min(
        (task.opened_at for task in state.tasks if task.round == state.case.round),
        default=state.case.opened_at,
    )


def _tell_parent(state: State, outcome: str) -> None:
    parent = state.parent
    assert parent is not None
    task = next(
        (task for task in parent.tasks if task.child_id == state.case.pk and task.done_at is None), None
    )
    if task:
        close(parent, task, outcome)
        if task.kind == Task.Kind.MAIN:
            settle(parent)


# -- clocks ----------------------------------------------------------------------------------------------------------


def tick(state: State, what: str) -> None:
    """End and start the clocks of the case that an act ends and starts."""
    for clock in state.type.clocks:
        if clock.per == "task":
            continue
        item = str(state.data.get("item", "")) if clock.per == "item" else ""
        open_runs = [
            run for run in state.runs if run.key == clock.key and run.met_at is None and run.item == item
        ]
        if what in clock.ends:
            for run in open_runs:
                meet(state, run)
        if what in clock.starts:
            for run in open_runs:
                if run.met_at is None:
                    meet(state, run, void=True)
            start(state, clock, item=item)


def start(
    state: State, clock: Clock, *, task: Task | None = None, item: str = "", since: datetime | None = None
) -> ClockRun | None:
    """Start a run, unless its declaration says this case has none."""
    if clock.when and not clock.when(state):
        return None
    amount, kind = clock.amount, clock.kind
    if clock.term:
        term = clock.term(state)
        amount, kind = term.amount, term.kind
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
    return run


def _begins(state: State, clock: Clock) -> datetime:
    if not clock.on:
        return state.when
    day = state.data.get(clock.on) or getattr(state.file, clock.on, None)
    if day is None:
        raise Refused(f"“{clock.name}”要从一个日期起算，请填写该日期")
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


def pause(state: State, run: ClockRun, task: Task | None = None) -> None:
    if any(held.until is None for held in state.pauses.get(run.pk, ())):
        return
    held = state.rows.add(Pause(run_id=run.pk, since=state.when, task_id=task.pk if task else None))
    state.pauses.setdefault(run.pk, []).append(held)
    _recompute(state, run)


def resume(state: State, run: ClockRun) -> None:
    for held in state.pauses.get(run.pk, ()):
        if held.until is None:
            state.rows.change(held, until=state.when)
    _recompute(state, run)


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


# -- the end of an act -----------------------------------------------------------------------------------------------


def finish(
    state: State, act: str, *, text: str = "", data: dict[str, Any] | None = None, quiet: bool = False
) -> Entry:
    """Work out what is due, write the entry and the notices. The rows are written by the caller."""
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
                    payload={"number": state.case.number, "title": state.case.title, "step": state.case.step},
                    made_at=state.now,
                    not_before=state.now + UNDO,
                )
            )


def plain(value: Any) -> Any:
    """A value as JSON keeps it: rows by id, dates as ISO 8601."""
    if hasattr(value, "_meta"):
        return value.pk
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return value


def merge_spans(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Overlapping spans as few that do not overlap."""
    merged: list[tuple[datetime, datetime]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


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
