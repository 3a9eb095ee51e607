"""Taking back one's last act, taking back a report, and joining two reports of one matter: 撤回 撤回诉求 合并."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Entry, Link, Member, Task
from shuzhi.kernel.operations.changing import carry_out, need_right, steerer
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    conflict,
    controls,
    home_id,
    lock,
    lock_cases,
    need_open,
    once,
    same_town,
)


def undo(*, case_id: int, by: Member, now: datetime, key: str = "") -> Done:
    """撤回: take back one's own last act within eight seconds while nobody has signed. Both entries stay."""

    def change(state: State) -> dict[str, Any]:
        last = Entry.objects.get(case_id=case_id, seq=state.case.entries)
        if last.by_id != by.pk:
            raise conflict(state, "之后已有他人办理，不能撤回")
        if now - last.recorded_at > _engine.UNDO:
            raise Refused("已超过 8 秒，不能撤回；请用退回或改派")
        if not may_undo(state, last.act):
            raise Refused("这一步不能撤回")
        new = [task for task in state.tasks if task.opened_seq == last.seq]
        if any(task.acked_at or task.done_at for task in new):
            raise conflict(state, "已有单位签收，不能撤回")
        if any(task.child_id and task.done_seq == last.seq for task in state.tasks):
            raise Refused("子案已经随之撤销，不能撤回")
        _take_back(state, last, new)
        return {"undoes": last.seq}

    targets = Link.objects.filter(kind=Link.Kind.MERGED, other_id=case_id).values_list("case_id", flat=True)
    return carry_out(case_id, by, now, "undo", change, key=key, ended=True, also=targets)


def may_undo(state: State, act: str) -> bool:
    """Whether an act is of the kind that can be taken back."""
    if act in ("transfer", "send_back", "merge", "assist"):
        return True
    return any(action.key == act and action.undo for step in state.type.steps for action in step.actions)


def _take_back(state: State, last: Entry, new: list[Task]) -> None:
    case, rows, data = state.case, state.rows, last.said
    for task in new:
        _engine.close(state, task, "undone")
        if task.child_id:
            _engine.call_off(state, task.child_id)
    for task in state.tasks:
        if task.done_seq == last.seq:
            rows.change(
                task, done_at=None, done_by_id=None, done_seq=None, answer="", version=task.version + 1
            )
    if "led" in data:
        rows.change(case, unit_id=data["led"])
    if "to" in data:
        rows.change(
            case,
            step=data["left"],
            came_from=data["came"],
            step_seq=data["entered"],
            suspended=data.get("suspended", case.suspended),
            outcome="",
            closed_at=None,
        )
        state.moved["to"] = data["left"]
    if "outcome" in data:
        rows.execute(
            'DELETE FROM "kernel_ending" WHERE "case_id" = %s AND "round" = %s', [case.pk, case.round]
        )
    if data.get("outcome") == "merged":
        _part(state)
    for name, value in data.get("was", {}).items():
        row: Any = case if name in ("urgency", "title") else state.file
        rows.change(row, **{name: value})
    _engine.go_back(state, last.seq, last.at)
    _undo_sight(state, last)
    rows.execute(
        'UPDATE "kernel_outgoing" SET "cancelled_at" = %s WHERE "case_id" = %s AND "seq" = %s AND "sent_at" IS NULL',
        [state.now, case.pk, last.seq],
    )


def _undo_sight(state: State, last: Entry) -> None:
    """Close the access the act gave, open again the access it took."""
    for column, sql in (
        (
            "since",
            'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "since" = %s AND "until" IS NULL',
        ),
        ("until", 'UPDATE "kernel_access" SET "until" = NULL WHERE "case_id" = %s AND "until" = %s'),
    ):
        values = [state.case.pk, last.recorded_at]
        state.rows.execute(sql, [state.now, *values] if column == "since" else values)


def _part(state: State) -> None:
    """Take a case out of the one it was merged into; that one's record says so too."""
    link = Link.objects.get(kind=Link.Kind.MERGED, other_id=state.case.pk)
    target = lock(link.case_id, by=state.by, now=state.now)
    target.rows = state.rows
    state.rows.execute('DELETE FROM "kernel_link" WHERE "id" = %s', [link.pk])
    _engine.finish(target, "unmerged", data={"case": state.case.number}, quiet=True)


def withdraw(
    *, case_id: int, by: Member | None, now: datetime, text: str, key: str = "", town_id: int | None = None
) -> Done:
    """撤回诉求: the reporter takes the matter back, until the one it was sent to has signed.

    by=None: from the portal, whose caller has checked receipt and code.
    """
    body = body_of(case=case_id, act="withdraw", text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        if by is not None:
            same_town(state, by)
            need_right(state.case.opened_by_id == by.pk or controls(state, by), "上报人")
        need_open(state)
        if any(task.acked_at for task in state.tasks):
            raise Refused("承办单位已经签收，不能撤回；如情况有变，请写备注或致电指挥中心")
        _engine.end(state, "withdrawn")
        return complete(state, "withdraw", text=text, key=key, body=body)

    return once(by.town_id if by and by.town_id else town_id or 0, key, body, work)


def merge(*, case_id: int, into_id: int, by: Member, now: datetime, text: str = "", key: str = "") -> Done:
    """合并: a case ends as part of another open one of the same type; both records say so."""
    body = body_of(case=case_id, act="merge", into=into_id)

    def work() -> Done:
        if case_id == into_id:
            raise Refused("不能并入自己，请选择另一件")
        lock_cases(case_id, into_id)
        state = lock(case_id, by=by, now=now)
        same_town(state, by)
        need_right(controls(state, by), steerer(state))
        need_open(state)
        target = lock(into_id, by=by, now=now)
        same_town(target, by)
        if target.case.type != state.case.type:
            raise Refused("只能并入同一类的事件")
        if target.case.closed_at:
            raise conflict(target, "要并入的那件已经办结")
        target.rows = state.rows
        state.rows.add(Link(kind=Link.Kind.MERGED, case_id=into_id, other_id=case_id, at=now))
        _engine.end(state, "merged")
        _engine.finish(target, "merged", data={"case": state.case.number}, quiet=True)
        return complete(state, "merge", text=text, data={"into": target.case.number}, key=key, body=body)

    return once(home_id(by), key, body, work)
