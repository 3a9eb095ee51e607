"""Moving a case: entering a step, asking, answering, going on, ending."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._engine.clocks import meet, stand, tick, tick_task
from shuzhi.kernel._engine.finishing import finish
from shuzhi.kernel._engine.keeping import inherited, keeps_sight, name_holder
from shuzhi.kernel._engine.state import State, load, lock, plain
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.declare import BACK, STAY, Action, Ask, CaseType, End
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, Ending, Link, Task


def go(state: State, to: str | End) -> None:
    """Go where an action or a step's `then` says."""
    if isinstance(to, End):
        end(state, to.outcome or str(state.data[to.field]))
    elif to == BACK:
        back = state.case.came_from or control_step(state.type)
        enter(state, back)
        state.rows.change(state.case, came_from=_before(state, back))
    elif to != STAY:
        enter(state, to)


def control_step(declared: CaseType) -> str:
    """The step of the one who steers: where a case goes back to when it came from none."""
    return next((step.key for step in declared.steps if step.role == declared.control), declared.steps[0].key)


def _before(state: State, key: str) -> str:
    """The step this round came from when it first entered a step; where a second return goes."""
    stood = [t for t in state.tasks if t.kind == Task.Kind.MAIN and t.round == state.case.round]
    first = min((task.opened_seq for task in stood if task.step == key), default=0)
    return next((task.step for task in reversed(stood) if task.opened_seq < first and task.step != key), "")


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
    """Enter a step: what the old one left open is dropped (side tasks go on), the new one asks.

    Raises ValueError for a step that is not declared: a `first`, `then` or `to` that is a function has given it.
    """
    if key not in {step.key for step in state.type.steps}:
        raise ValueError(
            f"{state.type.key} has no step {key!r}: mend the function that gives it, or declare the step"
        )
    for task in state.waiting():
        if task.kind != Task.Kind.SIDE:
            drop(state, task)
    _leave(state)
    state.rows.change(state.case, came_from=state.case.step, step=key, step_seq=state.seq)
    state.moved["to"] = key
    spec = state.type.step(key)
    tick(state, f"step:{key}")
    if spec.asks:
        asked = spec.asks(state)
        for one in asked:
            ask(state, one, spec.role)
        if not asked:
            settle(state)
    else:
        ask(state, Ask(role=spec.role, unit=spec.unit(state) if spec.unit else None))


def ask(state: State, asked: Ask, role: str = "", *, kind: str = Task.Kind.MAIN, act: str = "") -> Task:
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
            unit_id=None if asked.child else asked.unit,
            role="" if asked.child else asked.role or role,
            lead=asked.lead,
            act=asked.child or act,
            holds=list(asked.holds),
            opened_at=state.when,
            opened_seq=state.seq,
            due_at=NEVER,
        )
    )
    name_holder(state, task)
    state.tasks.append(task)
    state.opened.append(task)
    if asked.child:
        state.rows.change(task, child_id=_open_child(state, asked).pk)
    elif asked.unit:
        grant(state, asked.unit, task)
        if asked.lead:
            state.moved.setdefault("led", case.unit_id)
            state.rows.change(case, unit_id=asked.unit)
    _stand_or_go(state, task)
    tick_task(state, task, f"step:{case.step}" if kind == Task.Kind.MAIN else act)
    return task


def _stand_or_go(state: State, task: Task) -> None:
    for run in state.runs:
        if run.key in task.holds:
            stand(state, run)


GIVEN_AWAY = ("transferred", "returned", "undone")


def grant(state: State, unit_id: int, task: Task | None = None) -> None:
    """Let a unit see the case, unless it already may."""
    if not _holds_sight(state, unit_id, but=task):
        state.rows.add(Access(case_id=state.case.pk, unit_id=unit_id, since=state.now))


def _holds_sight(state: State, unit_id: int, *, but: Task | None = None) -> bool:
    return any(
        task.unit_id == unit_id and task.answer not in GIVEN_AWAY and task is not but for task in state.tasks
    )


def withdraw_sight(state: State, unit_id: int) -> None:
    """Take a unit's sight away once its last task has gone elsewhere."""
    if not _holds_sight(state, unit_id):
        state.rows.execute(
            'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "unit_id" = %s AND "until" IS NULL',
            [state.now, state.case.pk, unit_id],
        )


def drop(state: State, task: Task) -> None:
    """A task that is no longer wanted. A child case that was to answer it is called off."""
    close(state, task, "dropped")
    if task.child_id:
        call_off(state, task.child_id)


def close(state: State, task: Task, answer: str) -> None:
    """Answer a task, and with it the clocks that ran for it and the pauses it held."""
    by = state.by if answer not in ("dropped", "undone") else None
    if by and keeps_sight(state, task):
        state.rows.add(Access(case_id=state.case.pk, member_id=by.pk, since=state.now))
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
    _stand_or_go(state, task)


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
    if action.effect:
        _registry.resolve(state.type.key, action.effect)(state)
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
    if action.begins and state.data.get("begin"):
        _begin(state, action)
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
    if case.suspended:
        state.moved["suspended"] = True
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


def _begin(state: State, action: Action) -> None:
    """Open a case that arises from this one and outlives it; data["begin"] holds its type, title and file."""
    from shuzhi.kernel._engine.opening import Opening, build, numbers  # opening a case enters its first step

    begun = state.data["begin"]
    if begun["type"] not in action.begins:
        raise ValueError(f"{state.type.key}.{action.key} may not begin {begun['type']!r}: name it in begins")
    opening = Opening(title=begun["title"], file=dict(begun.get("file", {})), at=state.when)
    opening.lon, opening.lat, opening.sight = state.case.lon, state.case.lat, inherited(state.case)
    (number,) = numbers(state.town, begun["type"], [state.when])
    new, _ = build(state.rows, state.town, begun["type"], state.by, opening, state.now, number)
    state.rows.add(Link(kind=Link.Kind.AROSE_FROM, case_id=state.case.pk, other_id=new.case.pk, at=state.now))
    state.moved["begun"] = number


# -- parents and children --------------------------------------------------------------------------------------------


def _open_child(state: State, asked: Ask) -> Case:
    """Open the case that is to answer a task, in the same transaction; it is linked as a child."""
    from shuzhi.kernel._engine.opening import Opening, build, numbers  # opening a case enters its first step

    if asked.child not in _registry.child_types():
        raise ValueError(f"{state.type.key} asks for {asked.child!r}: declare that case type with child=True")
    opening = Opening(
        title=state.case.title, urgency=state.case.urgency, lon=state.case.lon, lat=state.case.lat
    )
    opening.at = state.when
    opening.units = (asked.unit,) if asked.unit else ()
    opening.sight = inherited(state.case)
    (number,) = numbers(state.town, asked.child, [state.when])
    child, _ = build(
        state.rows, state.town, asked.child, state.by, opening, state.now, number, parent=state.case
    )
    state.rows.add(Link(kind=Link.Kind.CHILD, case_id=state.case.pk, other_id=child.case.pk, at=state.now))
    return child.case


def call_off(state: State, child_id: int) -> None:
    """End a child that is still open, because its parent no longer waits for it."""
    child = load(state.town, lock(child_id), by=state.by, now=state.now, at=state.at)
    if child.case.closed_at:
        return
    child.rows = state.rows
    end(child, "cancelled")
    finish(child, "call_off", data={"parent": state.case.number})


def _tell_parent(state: State, outcome: str) -> None:
    parent = state.parent
    assert parent is not None
    task = next(
        (task for task in parent.tasks if task.child_id == state.case.pk and task.done_at is None), None
    )
    if task:
        close(parent, task, outcome)
        parent.moved.update(child=state.case.number, answer=outcome)
        if task.kind == Task.Kind.MAIN:
            settle(parent)


def merge_spans(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Overlapping spans as few that do not overlap."""
    merged: list[tuple[datetime, datetime]] = []
    for since, until in sorted(spans):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged
